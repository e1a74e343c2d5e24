import type { ExamineOptions } from '../check/examine.ts';
import { expectationLike } from '../check/like.ts';
import { readExpectation } from '../policy/read.ts';
import type { Expectation } from '../rules/rule.ts';
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
  let like: Expectation = {};
  if (flags.expectLike !== undefined) {
    const source = opened(flags.expectLike);
    like = await expectationLike(source, options).finally(() => {
      source.close();
    });
  }
  if (flags.expect === undefined) return like;
  try {
    return { ...like, ...(await readExpectation(flags.expect)) };
  } catch (error) {
    if (error instanceof Error && 'hint' in error && typeof error.hint === 'string') {
      throw new UsageError(error.message, error.hint);
    }
    throw error;
  }
};
