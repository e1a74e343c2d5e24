import { JsonError, measuredJson } from '../bytes/json.ts';
import { piecesOf, type ReadAt, type Source } from '../bytes/source.ts';
import { isDescriptorFile } from '../compat/descriptor.ts';
import type { ReadDescriptors } from '../compat/shape.ts';
import { UndoneError, UsageError } from './exit.ts';

/** A fleet of 100,000 devices. */
const limits = {
  text: 256 << 20,
  depth: 16,
  values: 1 << 22,
  members: 4096,
  elements: 100_000,
  run: 1 << 16,
} as const;

/** YAML takes a thousand times as long to read as JSON. */
const mostYaml = 4 << 20;

/** The devices of a descriptor file; undefined for an input that is none, or that only flows. */
export const descriptorsIn = async (source: Source): Promise<ReadDescriptors | undefined> => {
  const { path, readAt, size } = source;
  if (readAt === undefined || size === undefined || !isDescriptorFile(readAt(0, 4096))) {
    return undefined;
  }
  if (size > limits.text) {
    throw new UndoneError(`${path} has ${size} bytes, and at most ${limits.text} are read`);
  }
  const text = textOf(readAt, size, path);
  // Loaded here because most checks need neither zod nor a YAML reader.
  const { DescriptorError, readDescriptors } = await import('../compat/shape.ts');
  try {
    return readDescriptors(text, path);
  } catch (error) {
    if (error instanceof DescriptorError) throw new UsageError(error.message, error.hint);
    throw error;
  }
};

const hint = 'docs/compat.md lists the keys of a descriptor';

const textOf = (readAt: ReadAt, size: number, path: string): string => {
  if (!isJson(readAt(0, Math.min(size, 4096)))) {
    if (size <= mostYaml) return new TextDecoder().decode(readAt(0, size));
    throw new UsageError(
      `${path} has ${size} bytes of YAML, and at most ${mostYaml} are read`,
      'write a fleet of that size in JSON',
    );
  }
  try {
    return new TextDecoder().decode(measuredJson(piecesOf(readAt, size), limits));
  } catch (error) {
    if (error instanceof JsonError) throw new UsageError(`${path} ${error.message}`, hint);
    throw error;
  }
};

const isJson = (head: Uint8Array): boolean => /^\s*\{/u.test(new TextDecoder().decode(head));
