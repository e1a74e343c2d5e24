import { statSync } from 'node:fs';
import { snapshotState } from '../check/inputs.ts';
import { documentOf, isDescriptorFile, type Descriptor } from '../compat/descriptor.ts';
import { classesOf, matrix, type Row } from '../compat/fleet.ts';
import type { Verdict } from '../compat/judge.ts';
import { DescriptorError, descriptorYaml } from '../compat/shape.ts';
import { describeStates } from '../compat/state.ts';
import { describeSysfs } from '../compat/sysfs.ts';
import type { Format } from '../formats/format.ts';
import {
  csvHeader,
  csvLines,
  earlyDocument,
  earlyText,
  rowDocument,
  rowText,
  summaryText,
} from './compat-text.ts';
import type { CompatFlags, DescribeFlags } from './compat-program.ts';
import { descriptorsIn } from './descriptors.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { catalogueOption, formatOption, opened, reasonOf } from './options.ts';
import { writeTo } from './output.ts';
import { tool } from './version.ts';

interface Known {
  readonly format: Format | undefined;
  readonly formats: readonly Format[];
}

const known = async (flags: CompatFlags | DescribeFlags): Promise<Known> => {
  const { formats } = await catalogueOption(flags.formatFile);
  return { format: formatOption(flags.format, formats), formats };
};

/** The devices of one argument: told by its scheme, then as a folder, then by its first bytes. */
const devicesOf = async (input: string, options: Known): Promise<readonly Descriptor[]> => {
  const devices = await described(input, options);
  if (devices.length > 0) return devices;
  throw new UndoneError(`${input}: no device that can be described is in it`);
};

const described = async (input: string, options: Known): Promise<readonly Descriptor[]> => {
  if (input.startsWith('vfio-user:')) return [await ofServer(input.slice('vfio-user:'.length))];
  if (isFolder(input)) return describeSysfs(input);
  const source = opened(snapshotState(input) ?? input);
  try {
    const written = await descriptorsIn(source);
    if (written !== undefined) return written;
    const { devices } = await describeStates(source, options);
    return devices;
  } catch (error) {
    if (error instanceof UsageError || error instanceof UndoneError) throw error;
    throw new UndoneError(`${input}: ${reasonOf(error)}`);
  } finally {
    source.close();
  }
};

const ofServer = async (socket: string): Promise<Descriptor> => {
  // Loaded here because few comparisons ask a server.
  const { describeServer } = await import('../compat/server.ts');
  try {
    return await describeServer(socket);
  } catch (error) {
    if (error instanceof DescriptorError) {
      throw new UndoneError(`${error.message} (${error.hint})`);
    }
    throw error;
  }
};

const isFolder = (input: string): boolean => {
  if (input === '-' || snapshotState(input) !== undefined) return false;
  try {
    return statSync(input).isDirectory();
  } catch {
    return false; // Opening it says why.
  }
};

export const runDescribe = async (
  inputs: readonly string[],
  flags: DescribeFlags,
): Promise<number> => {
  const options = await known(flags);
  const devices: Descriptor[] = [];
  for (const input of inputs) devices.push(...(await devicesOf(input, options)));
  const text =
    flags.json === true
      ? `${JSON.stringify(documentOf(devices), null, 1)}\n`
      : descriptorYaml(devices);
  await writeTo(flags.output, [Buffer.from(text)], flags.force, 'whom-umask-lets');
  return exitCodes.sound;
};

export const runCompat = async (
  source: string,
  destinations: readonly string[],
  flags: CompatFlags,
): Promise<number> => {
  if (flags.json === true && flags.csv === true) {
    throw new UsageError('--json and --csv are two outputs', 'ask for one of them');
  }
  const options = await known(flags);
  const all: Descriptor[] = [];
  if (flags.early === true) {
    for (const input of destinations) all.push(...(await devicesOf(input, options)));
    return runEarly(source, all, options, flags);
  }
  const from = classesOf(await devicesOf(source, options));
  for (const input of destinations) all.push(...(await devicesOf(input, options)));
  const to = classesOf(all);

  const printer = printerOf(flags);
  const forward = direction(matrix(from, to), 'forward', printer);
  if (flags.both === true) direction(matrix(to, from), 'back', printer);
  printer.end?.();
  return exitOf(forward);
};

const exitOf = (verdict: Verdict | undefined): number =>
  verdict === 'compatible'
    ? exitCodes.sound
    : verdict === 'incompatible'
      ? exitCodes.findings
      : exitCodes.undone;

const runEarly = async (
  input: string,
  destinations: readonly Descriptor[],
  options: Known,
  flags: CompatFlags,
): Promise<number> => {
  if (flags.both === true || flags.csv === true) {
    throw new UsageError('--early answers one direction', 'leave out --both and --csv');
  }
  const source = isFolder(input) || input.startsWith('vfio-user:') ? undefined : opened(input);
  const head = source?.readAt?.(0, 4096);
  if (source === undefined || (head !== undefined && isDescriptorFile(head))) {
    source?.close();
    throw new UsageError(`${input} is no stream`, '--early reads a device state or a stream');
  }
  const { judgeEarly } = await import('../compat/early.ts');
  try {
    const early = await judgeEarly(source, destinations, options);
    const printer = printerOf(flags, earlyDocument(early));
    direction(matrix(classesOf(early.devices), classesOf(destinations)), 'forward', printer);
    if (flags.json !== true && flags.quiet !== true) write(earlyText(early));
    printer.end?.();
    return exitOf(early.verdict);
  } catch (error) {
    if (error instanceof UndoneError) throw error;
    throw new UndoneError(`${input}: ${reasonOf(error)}`);
  } finally {
    source.close();
  }
};

export type Direction = 'forward' | 'back';

interface Printer {
  readonly row?: (row: Row, way: Direction) => void;
  readonly summary?: (summary: Summary, way: Direction) => void;
  readonly end?: () => void;
}

/** Sources by the best that a destination gives them. */
export type Summary = Readonly<Record<Verdict, number>>;

/** Prints one direction row by row, so that no matrix is held; the worst of its sources is its verdict. */
const direction = (rows: Iterable<Row>, way: Direction, printer: Printer): Verdict => {
  const summary = { compatible: 0, incompatible: 0, 'only-the-target-can-tell': 0 };
  for (const row of rows) {
    printer.row?.(row, way);
    summary[bestOf(row)] += row.source.names.length;
  }
  printer.summary?.(summary, way);
  if (summary.incompatible > 0) return 'incompatible';
  return summary['only-the-target-can-tell'] > 0 ? 'only-the-target-can-tell' : 'compatible';
};

const bestOf = ({ counts }: Row): Verdict =>
  counts.compatible > 0
    ? 'compatible'
    : counts['only-the-target-can-tell'] > 0
      ? 'only-the-target-can-tell'
      : 'incompatible';

const write = (text: string): void => {
  process.stdout.write(text);
};

const printerOf = (flags: CompatFlags, more: object = {}): Printer => {
  if (flags.quiet === true) return {};
  if (flags.csv === true) {
    write(csvHeader);
    return { row: (row, way) => write(csvLines(row, way)) };
  }
  if (flags.json === true) {
    let separator = '';
    write(`${JSON.stringify({ version: 1, tool, ...more }).slice(0, -1)},"rows":[`);
    const summaries: string[] = [];
    return {
      row: (row, way) => {
        write(`${separator}\n${JSON.stringify(rowDocument(row, way))}`);
        separator = ',';
      },
      summary: (summary, way) => {
        summaries.push(JSON.stringify({ direction: way, sources: summary }));
      },
      end: () => write(`\n],"summary":[${summaries.join(',')}]}\n`),
    };
  }
  return {
    row: (row, way) => write(rowText(row, way)),
    summary: (summary, way) => write(summaryText(summary, way)),
  };
};
