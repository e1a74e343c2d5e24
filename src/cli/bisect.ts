import { bisect, type Asked } from '../fuzz/bisect.ts';
import { sameBug } from '../fuzz/minimise.ts';
import { printable } from '../report/escape.ts';
import { exitCodes, UndoneError } from './exit.ts';
import { inLab, openFinding } from './finding-lab.ts';
import type { BisectFlags } from './fuzz-program.ts';
import { jsonText } from '../report/json-text.ts';

const never = new AbortController().signal;

/** Finds the first of several builds that shows a finding. */
export const runBisect = async (
  path: string,
  targets: readonly string[],
  flags: BisectFlags,
): Promise<number> => {
  const ask = async (target: string): Promise<Asked> => {
    const { stored, settings } = openFinding(path, flags, target);
    const { oracle, bucket, minimal } = stored;
    try {
      return await inLab(stored, settings, never, async (lab) => {
        const plans = Array.from({ length: flags.runs }, () => minimal);
        const seen = await lab.examine(plans, never, oracle);
        if (seen.every(({ result }) => result.outcome.kind === 'unavailable')) return 'unavailable';
        return seen.some((one) => sameBug(one, oracle, bucket) !== undefined) ? 'shown' : 'silent';
      });
    } catch (error) {
      // A build that does not start says nothing of the finding; the others still do.
      if (error instanceof UndoneError) return 'unavailable';
      throw error;
    }
  };
  const result = await bisect(targets, ask);
  if (flags.json === true) {
    process.stdout.write(`${jsonText({ version: 1, ...result }, 2)}\n`);
  } else {
    for (const { target, asked } of result.asked) {
      process.stdout.write(`${asked.padEnd(12)} ${printable(target)}\n`);
    }
    process.stdout.write(`${sentence(result.first, result.last)}\n`);
  }
  if (result.asked.every(({ asked }) => asked === 'unavailable')) {
    throw new UndoneError('none of the targets is available');
  }
  return result.first === undefined ? exitCodes.sound : exitCodes.findings;
};

const sentence = (first: string | undefined, last: string | undefined): string => {
  if (first === undefined) return 'no target shows it';
  if (last === undefined)
    return `every target from ${printable(first)} on shows it, the oldest too`;
  return `first shown by ${printable(first)}; the last without it is ${printable(last)}`;
};
