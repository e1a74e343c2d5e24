import type { Source } from '../bytes/source.ts';
import { compressed } from '../check/unwrap.ts';
import { check, type CheckedInput } from '../check/check.ts';
import { inputsOf } from '../check/inputs.ts';
import { severities } from '../finding/finding.ts';
import { printable } from '../report/escape.ts';
import { failingInputs } from '../report/annotations.ts';
import { baselineOf, compared, type GoneFinding } from '../report/baseline.ts';
import type { UnreadInput } from '../report/json.ts';
import { pictureOf } from '../report/picture.ts';
import type { Drawn, Report } from '../report/report.ts';
import { inputText, totalText, type Around } from '../report/text.ts';
import { windowsOf } from '../report/windows.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { expectationOf } from './expectation.ts';
import {
  catalogueOption,
  channelsExplained,
  channelSources,
  chalkFor,
  textWidth,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import {
  baselineFrom,
  digesting,
  needsPictures,
  outputsOf,
  writeBaseline,
  writeOutputs,
} from './outputs.ts';
import { signersOf, trustOfRun, withFile } from './trust-options.ts';
import type { CheckFlags } from './program.ts';
import { policyInput, policyOption, suppressorOf } from './policy.ts';
import { progressLine } from './progress.ts';
import { tool } from './version.ts';

/** Checks inputs one after another, prints each as it is done, and gives the exit code. */
export const runCheck = async (names: readonly string[], flags: CheckFlags): Promise<number> => {
  if (names.length === 0) {
    throw new UsageError('no input', 'name a file, a directory, or - for standard input');
  }
  const outputs = outputsOf(flags.output ?? [], flags.json === true);
  const printed = outputs.some(({ kind, path }) => kind === 'text' && path === '-');
  const baseline = flags.baseline === undefined ? undefined : baselineFrom(flags.baseline);
  const { paths, passedOver } = listed(names);
  const policy = await policyOption(flags, paths);
  const failOn = flags.failOn ?? policy?.failOn ?? 'high';
  const threshold = severities.find((severity) => severity === failOn);
  const { formats, rules } = await catalogueOption(flags.formatFile, policy);
  const options = {
    format: formatOption(flags.format, formats),
    formats,
    container: containerOption(flags.container),
  };
  const { trust } = trustOfRun(signersOf(flags, policy));
  const expect = { ...policy?.expect, ...(await expectationOf(flags, options)) };
  const suppressor =
    policy && (await suppressorOf(policy, trust.now ?? Math.floor(Date.now() / 1000)));
  const channels = channelSources(flags.channel, paths);
  const chalk = chalkFor(flags.color);
  const inputs: (CheckedInput | UnreadInput)[] = [];
  const pictures = new Map<string, Drawn>();
  const gone: GoneFinding[] = [];
  const expired = deadline(flags.timeLimit);
  const drawing = needsPictures(outputs);
  const lines = Math.max(Math.floor(MOST_LINES / paths.length), 50);
  for (const path of paths) {
    const artist = drawing
      ? pictureOf(
          lines,
          channels.map((one) => one.path),
        )
      : undefined;
    const checked = await one(path, channels, drawing, async (source) => {
      const progress = progressLine();
      return channelsExplained(
        check(source, {
          ...options,
          rules,
          expect,
          trust: policy?.files === true ? withFile(trust, source) : trust,
          expired,
          channels,
          most: flags.maxFindings,
          progress: progress?.report,
          ...(artist === undefined ? {} : { observer: artist.observer }),
        }),
      ).finally(() => progress?.clear());
    });
    if ('error' in checked) {
      inputs.push(checked);
      process.stderr.write(`vstate-check: ${printable(`${checked.path}: ${checked.error}`)}\n`);
      continue;
    }
    const judged = {
      ...checked.input,
      findings: suppressor?.apply(path, checked.input.findings) ?? checked.input.findings,
    };
    const against = baseline === undefined ? undefined : compared(judged, baseline);
    const input = against?.input ?? judged;
    gone.push(...(against?.gone ?? []));
    inputs.push(input);
    if (artist !== undefined) {
      const windows = windowsOf(input, checked.around);
      pictures.set(path, { ...artist.result(), sha256: checked.sha256?.() ?? '', windows });
    }
    if (printed) {
      const text = inputText(input, checked.around, {
        chalk,
        quiet: flags.quiet ?? false,
        verbose: flags.verbose ?? false,
        width: textWidth(),
        listed: 'low',
      });
      if (text !== '') process.stdout.write(inputs.length > 1 ? `\n${text}` : text);
    }
    checked.close();
  }
  for (const channel of channels) channel.close();
  const own = policy && suppressor && policyInput(policy, suppressor);
  if (own !== undefined) {
    inputs.push(own);
    if (printed && own.findings.length > 0) {
      const text = inputText(own, undefined, {
        chalk,
        quiet: true,
        verbose: flags.verbose ?? false,
        width: textWidth(),
        listed: 'low',
      });
      process.stdout.write(`\n${text}`);
    }
  }
  const report: Report = { tool, expect, inputs, rules, threshold, pictures, gone };
  const failing = failingInputs(report);
  if (printed && flags.quiet !== true) {
    if (inputs.length > 1) process.stdout.write(`\n${totalText(inputs, passedOver, failing)}`);
    if (gone.length > 0) process.stdout.write(`${gone.length} findings of the baseline are gone\n`);
  }
  await writeOutputs(report, outputs);
  if (flags.writeBaseline !== undefined) writeBaseline(flags.writeBaseline, baselineOf(inputs));
  if (failing > 0) return exitCodes.findings;
  return inputs.some((input) => 'error' in input) ? exitCodes.undone : exitCodes.sound;
};

/** Lines of all pictures of one run, which are held until the reports are written. */
const MOST_LINES = 20_000;

interface Done {
  readonly input: CheckedInput;
  readonly around: Around;
  /** Digest of what was read; undefined where nobody asked for it. */
  readonly sha256: (() => string) | undefined;
  readonly close: () => void;
}

/** Runs the check of one input; an input that cannot be read does not stop the others. */
const one = async (
  path: string,
  channels: readonly Source[],
  digest: boolean,
  run: (source: Source) => Promise<CheckedInput>,
): Promise<Done | UnreadInput> => {
  try {
    const source = opened(path);
    try {
      const digested = digest ? digesting(source) : undefined;
      const input = await run(digested?.source ?? source);
      const around: Around = (offset, length, file) => {
        const inner = file === undefined ? source : channels.find((one) => one.path === file);
        return inner?.readAt === undefined || compressed(inner) !== undefined
          ? undefined
          : inner.readAt(offset, length);
      };
      return { input, around, sha256: digested?.sha256, close: source.close };
    } catch (error) {
      source.close();
      return { path, error: reasonOf(error) };
    }
  } catch (error) {
    if (error instanceof UndoneError) return { path, error: error.message.slice(path.length + 2) };
    throw error;
  }
};

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

const deadline = (seconds: number | undefined): (() => boolean) | undefined => {
  if (seconds === undefined) return undefined;
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
};
