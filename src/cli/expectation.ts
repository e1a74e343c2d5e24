import { existsSync } from 'node:fs';
import type { Source } from '../bytes/source.ts';
import type { ExamineOptions } from '../check/examine.ts';
import { expectationLike } from '../check/like.ts';
import { expectationOfDescriptors } from '../compat/expect.ts';
import type { ReadDescriptors } from '../compat/shape.ts';
import type { Format } from '../formats/format.ts';
import { formats as builtins } from '../formats/index.ts';
import { isInline, readExpectation } from '../policy/read.ts';
import type { Expectation } from '../rules/rule.ts';
import { descriptorsIn } from './descriptors.ts';
import { UsageError } from './exit.ts';
import { opened } from './options.ts';

interface ExpectFlags {
  readonly expect?: string;
  readonly expectLike?: string;
}

/** What is known of the destination, from both flags; what is said outright wins. */
export const expectationOf = async (
  flags: ExpectFlags,
  options: ExamineOptions,
): Promise<Expectation> => {
  const like =
    flags.expectLike === undefined
      ? {}
      : await reading(
          flags.expectLike,
          async (source) =>
            (await ofDescriptors(source, options)) ?? (await expectationLike(source, options)),
        );
  if (flags.expect === undefined) return like;
  try {
    const described =
      isInline(flags.expect) || !existsSync(flags.expect)
        ? undefined
        : await reading(flags.expect, async (source) => ofDescriptors(source, options));
    return { ...like, ...(described ?? (await readExpectation(flags.expect))) };
  } catch (error) {
    if (error instanceof Error && 'hint' in error && typeof error.hint === 'string') {
      throw new UsageError(error.message, error.hint);
    }
    throw error;
  }
};

const reading = async <T>(path: string, read: (source: Source) => Promise<T>): Promise<T> => {
  const source = opened(path);
  try {
    return await read(source);
  } finally {
    source.close();
  }
};

/** What a descriptor file says of the destination; undefined for another file. */
const ofDescriptors = async (
  source: Source,
  { formats = builtins }: ExamineOptions,
): Promise<Expectation | undefined> => {
  const read = await descriptorsIn(source);
  return read === undefined ? undefined : expectedBy(read, source.path, formats);
};

/** What the descriptors of a file say that a state can answer. */
export const expectedBy = (
  { devices, faults }: ReadDescriptors,
  path: string,
  formats: readonly Format[],
): Expectation => {
  const [fault] = faults;
  if (fault !== undefined) throw new UsageError(fault.message, fault.hint);
  const expect = expectationOfDescriptors(devices, formats);
  if (Object.keys(expect).length > 0) return expect;
  throw new UsageError(
    `${path} says nothing that a state could answer`,
    'a descriptor with format, pci, driver, capacity or fields of the state is needed; compat compares the rest',
  );
};
