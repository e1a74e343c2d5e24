import { writeFileSync } from 'node:fs';
import { harnessSkeleton } from '../report/harness-skeleton.ts';
import { UndoneError, UsageError } from './exit.ts';
import { catalogueOption, reasonOf } from './options.ts';

export interface InitHarnessFlags {
  readonly out?: string;
  readonly formatFile?: readonly string[];
}

/** Writes a harness in C that reads a format and does nothing with it yet. */
export const initHarness = async (
  id: string,
  { out, formatFile }: InitHarnessFlags,
): Promise<void> => {
  const { formats } = await catalogueOption(formatFile);
  const format = formats.find((one) => one.id === id);
  if (format === undefined) {
    throw new UsageError(`there is no format ${JSON.stringify(id)}`, 'see: vstate-check formats');
  }
  const text = harnessSkeleton(format);
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    // A harness that somebody has filled in is not overwritten.
    writeFileSync(out, text, { flag: 'wx' });
  } catch (error) {
    throw new UndoneError(`${out}: ${reasonOf(error)}`);
  }
};
