import type { Source } from '../bytes/source.ts';
import { isCompressed } from '../check/unwrap.ts';
import { check, type CheckedInput } from '../check/check.ts';
import type { ExamineOptions } from '../check/examine.ts';
import { readExpectation } from '../policy/read.ts';
import { inputsOf } from '../check/inputs.ts';
import { expectationLike } from '../check/like.ts';
import { reaches, severities, type Severity } from '../finding/finding.ts';
import { printable } from '../report/escape.ts';
import { checkDocument, type UnreadInput } from '../report/json.ts';
import { inputText, totalText, type Around } from '../report/text.ts';
import type { Expectation } from '../rules/rule.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { jsonText } from './json.ts';
import {
  catalogueOption,
  channelsExplained,
  channelSources,
  chalkFor,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import type { CheckFlags } from './program.ts';
import { progressLine } from './progress.ts';
import { tool } from './version.ts';

/** Checks inputs one after another, prints each as it is done, and gives the exit code. */
export const runCheck = async (names: readonly string[], flags: CheckFlags): Promise<number> => {
  if (names.length === 0) {
    throw new UsageError('no input', 'name a file, a directory, or - for standard input');
  }
  const threshold = severities.find((severity) => severity === flags.failOn);
  const { formats, rules } = await catalogueOption(flags.formatFile);
  const options = {
    format: formatOption(flags.format, formats),
    formats,
    container: containerOption(flags.container),
  };
  const expect = await expectation(flags, options);
  const { paths, passedOver } = listed(names);
  const channels = channelSources(flags.channel, paths);
  const chalk = chalkFor(flags.color);
  const inputs: (CheckedInput | UnreadInput)[] = [];
  const expired = deadline(flags.timeLimit);
  for (const path of paths) {
    const checked = await one(path, channels, async (source) => {
      const progress = progressLine();
      return channelsExplained(
        check(source, {
          ...options,
          rules,
          expect,
          expired,
          channels,
          most: flags.maxFindings,
          progress: progress?.report,
        }),
      ).finally(() => progress?.clear());
    });
    inputs.push('error' in checked ? checked : checked.input);
    if ('error' in checked) {
      process.stderr.write(`vstate-check: ${printable(`${checked.path}: ${checked.error}`)}\n`);
    } else if (flags.json !== true) {
      const text = inputText(checked.input, checked.around, {
        chalk,
        quiet: flags.quiet ?? false,
        verbose: flags.verbose ?? false,
        listed: 'low',
      });
      if (text !== '') process.stdout.write(inputs.length > 1 ? `\n${text}` : text);
    }
    if (!('error' in checked)) checked.close();
  }
  for (const channel of channels) channel.close();
  if (flags.json === true) {
    const document = checkDocument({ tool, expect, inputs });
    process.stdout.write(`${jsonText(document, 2)}\n`);
  }
  const failing = inputs.filter((input) => fails(input, threshold)).length;
  if (flags.json !== true && flags.quiet !== true && inputs.length > 1) {
    process.stdout.write(`\n${totalText(inputs, passedOver, failing)}`);
  }
  if (failing > 0) return exitCodes.findings;
  return inputs.some((input) => 'error' in input) ? exitCodes.undone : exitCodes.sound;
};

interface Done {
  readonly input: CheckedInput;
  readonly around: Around;
  readonly close: () => void;
}

/** Runs the check of one input; an input that cannot be read does not stop the others. */
const one = async (
  path: string,
  channels: readonly Source[],
  run: (source: Source) => Promise<CheckedInput>,
): Promise<Done | UnreadInput> => {
  try {
    const source = opened(path);
    try {
      const input = await run(source);
      const around: Around = (offset, length, file) => {
        const inner = file === undefined ? source : channels.find((one) => one.path === file);
        return inner?.readAt === undefined || isCompressed(inner)
          ? undefined
          : inner.readAt(offset, length);
      };
      return { input, around, close: source.close };
    } catch (error) {
      source.close();
      return { path, error: reasonOf(error) };
    }
  } catch (error) {
    if (error instanceof UndoneError) return { path, error: error.message.slice(path.length + 2) };
    throw error;
  }
};

const fails = (input: CheckedInput | UnreadInput, threshold: Severity | undefined): boolean =>
  threshold !== undefined &&
  !('error' in input) &&
  input.findings.some(({ severity }) => reaches(severity, threshold));

const listed = (names: readonly string[]): ReturnType<typeof inputsOf> => {
  let inputs;
  try {
    inputs = inputsOf(names);
  } catch (error) {
    const path = error instanceof Error && 'path' in error ? String(error.path) : names.join(' ');
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
  if (inputs.paths.length > 0) return inputs;
  throw new UndoneError(`${names.join(' ')}: no file to check in here`);
};

/** What is known of the destination, from both flags; what is said outright wins. */
const expectation = async (flags: CheckFlags, options: ExamineOptions): Promise<Expectation> => {
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

const deadline = (seconds: number | undefined): (() => boolean) | undefined => {
  if (seconds === undefined) return undefined;
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
};
