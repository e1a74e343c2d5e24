import type { Source } from '../bytes/source.ts';
import { isDescriptorFile } from '../compat/descriptor.ts';
import type { ReadDescriptors } from '../compat/shape.ts';
import { UndoneError, UsageError } from './exit.ts';

/** A fleet of 100,000 devices. */
const mostFile = 256 << 20;

/** The devices of a descriptor file; undefined for an input that is none, or that only flows. */
export const descriptorsIn = async (source: Source): Promise<ReadDescriptors | undefined> => {
  const { path, readAt, size } = source;
  if (readAt === undefined || size === undefined || !isDescriptorFile(readAt(0, 4096))) {
    return undefined;
  }
  if (size > mostFile) {
    throw new UndoneError(`${path} has ${size} bytes, and at most ${mostFile} are read`);
  }
  // Loaded here because most checks need neither zod nor a YAML reader.
  const { DescriptorError, readDescriptors } = await import('../compat/shape.ts');
  try {
    return readDescriptors(new TextDecoder().decode(readAt(0, size)), path);
  } catch (error) {
    if (error instanceof DescriptorError) throw new UsageError(error.message, error.hint);
    throw error;
  }
};
