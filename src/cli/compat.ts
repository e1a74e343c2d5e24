import { documentOf, isDescriptorFile, type Descriptor } from '../compat/descriptor.ts';
import { classesOf, matrix, type Row } from '../compat/fleet.ts';
import type { Verdict } from '../compat/judge.ts';
import { descriptorYaml, mostDevices, tooLarge } from '../compat/shape.ts';
import {
  devicesOf,
  gathered,
  isFolder,
  strictly,
  type Known,
  type Trouble,
} from './compat-inputs.ts';
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
import { complain, exitCodes, lineOf, UndoneError, UsageError } from './exit.ts';
import { catalogueOption, formatOption, opened, reasonOf } from './options.ts';
import { writeTo } from './output.ts';
import { tool } from './version.ts';

const known = async (flags: CompatFlags | DescribeFlags): Promise<Known> => {
  const { formats } = await catalogueOption(flags.formatFile);
  return { format: formatOption(flags.format, formats), formats };
};

export const runDescribe = async (
  inputs: readonly string[],
  flags: DescribeFlags,
): Promise<number> => {
  const options = await known(flags);
  const devices: Descriptor[] = [];
  for (const input of inputs) devices.push(...strictly(await devicesOf(input, options)));
  if (devices.length > mostDevices) {
    throw new UsageError(
      `${devices.length} devices are more than the ${mostDevices} that compat reads from one file`,
      'describe them in several files',
    );
  }
  const text =
    flags.json === true ? `${JSON.stringify(documentOf(devices), null, 1)}\n` : yamlOf(devices);
  await writeTo(flags.output, [Buffer.from(text)], flags.force, 'whom-umask-lets');
  return exitCodes.sound;
};

/** YAML that `compat` reads again; larger fleets are for JSON. */
const yamlOf = (devices: readonly Descriptor[]): string => {
  const text = descriptorYaml(devices);
  const much = tooLarge(text);
  if (much === undefined) return text;
  throw new UsageError(
    `${devices.length} devices make a file that compat would not read: it ${much}`,
    '--json writes JSON, which may be larger',
  );
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
  if (flags.early === true) return runEarly(source, destinations, options, flags);
  const [had, has] = [await gathered([source], options), await gathered(destinations, options)];
  const troubles = [...had.troubles, ...has.troubles];
  for (const trouble of troubles) complain(lineOf(trouble));
  if (had.devices.length === 0 || has.devices.length === 0) return exitOf('incompatible', troubles);
  const [from, to] = [classesOf(had.devices), classesOf(has.devices)];

  const printer = printerOf(flags, troubles);
  const forward = direction(matrix(from, to), 'forward', printer);
  if (flags.both === true) direction(matrix(to, from), 'back', printer);
  printer.end?.();
  return exitOf(forward, troubles);
};

/** What could not be read comes before any answer: the answers are then not all. */
const exitOf = (verdict: Verdict | undefined, troubles: readonly Trouble[]): number => {
  if (troubles.some((trouble) => trouble instanceof UsageError)) return exitCodes.usage;
  if (troubles.length > 0) return exitCodes.undone;
  if (verdict === 'compatible') return exitCodes.sound;
  return verdict === 'incompatible' ? exitCodes.findings : exitCodes.undone;
};

const runEarly = async (
  input: string,
  inputs: readonly string[],
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
    const { devices: destinations, troubles } = await gathered(inputs, options);
    for (const trouble of troubles) complain(lineOf(trouble));
    if (destinations.length === 0) return exitOf('incompatible', troubles);
    const early = await judgeEarly(source, destinations, options);
    const printer = printerOf(flags, troubles, earlyDocument(early));
    direction(matrix(classesOf(early.devices), classesOf(destinations)), 'forward', printer);
    if (flags.json !== true && flags.quiet !== true) write(earlyText(early));
    printer.end?.();
    return exitOf(early.verdict, troubles);
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

const printerOf = (
  flags: CompatFlags,
  troubles: readonly Trouble[],
  more: object = {},
): Printer => {
  if (flags.quiet === true) return {};
  if (flags.csv === true) {
    write(csvHeader);
    return { row: (row, way) => write(csvLines(row, way)) };
  }
  if (flags.json === true) {
    let separator = '';
    write(`${JSON.stringify({ version: 1, tool, ...more }).slice(0, -1)},"rows":[`);
    const summaries: string[] = [];
    const unread = troubles.length > 0 ? `,"unread":${JSON.stringify(troubles.map(lineOf))}` : '';
    return {
      row: (row, way) => {
        write(`${separator}\n${JSON.stringify(rowDocument(row, way))}`);
        separator = ',';
      },
      summary: (summary, way) => {
        summaries.push(JSON.stringify({ direction: way, sources: summary }));
      },
      end: () => write(`\n],"summary":[${summaries.join(',')}]${unread}}\n`),
    };
  }
  return {
    row: (row, way) => write(rowText(row, way)),
    summary: (summary, way) => write(summaryText(summary, way)),
  };
};
