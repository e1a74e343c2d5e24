import type { ChalkInstance } from 'chalk';
import type { CheckedInput } from '../check/check.ts';
import { reaches, type Finding, type Severity } from '../finding/finding.ts';
import { hexBytes, offsetText, printable, sizeText, wrapped } from './escape.ts';
import type { UnreadInput } from './json.ts';
import { opaqueLines } from './opaque.ts';
import { containerText, plural, talliedFindings } from './words.ts';

/** Columns that a row of bytes takes beside its bytes. */
const MARGIN = 16;

/** Reads bytes of the input, or of one of its channels, around a finding; undefined where it cannot seek. */
export type Around = (offset: number, length: number, file?: string) => Uint8Array | undefined;

export interface TextOptions {
  readonly chalk: ChalkInstance;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Findings below this severity are counted, not listed, unless `verbose`. */
  readonly listed: Severity;
}

const paint = (chalk: ChalkInstance, severity: Severity): ChalkInstance =>
  ({
    critical: chalk.bold.red,
    high: chalk.red,
    medium: chalk.yellow,
    low: chalk.cyan,
    info: chalk.gray,
  })[severity];

/** What one input holds and what is wrong with it, for a person. */
export const inputText = (
  input: CheckedInput | UnreadInput,
  around: Around | undefined,
  { chalk, quiet, verbose, width, listed }: TextOptions,
): string => {
  const title = input.path === '-' ? 'standard input' : printable(input.path);
  if ('error' in input) return `${title}\n  ${printable(input.error)}\n`;
  const shown = input.findings.filter(
    ({ severity, excused }) => verbose || (excused === undefined && reaches(severity, listed)),
  );
  if (quiet && shown.length === 0) return '';
  const lines: string[] = [chalk.bold(title)];
  lines.push(...headLines(input).map((line) => `  ${line}`));
  for (const finding of shown) lines.push('', ...findingLines(finding, around, chalk, width));
  const excused = input.findings.filter((finding) => finding.excused !== undefined).length;
  const hidden = input.findings.length - shown.length - (verbose ? 0 : excused);
  if (hidden > 0)
    lines.push('', chalk.gray(`  ${hidden} more below ${listed}; --verbose lists them`));
  if (excused > 0 && !verbose)
    lines.push('', chalk.gray(`  ${excused} known or suppressed; --verbose lists them`));
  for (const [rule, count] of Object.entries(input.omitted)) {
    lines.push(chalk.gray(`  ${count} more of ${rule}`));
  }
  if (!quiet) lines.push('', ...verdictLines(input, chalk, width));
  return `${lines.join('\n')}\n`;
};

const headLines = ({ container, bytes, devices }: CheckedInput): readonly string[] => {
  const lines = [`${containerText(container)}, ${sizeText(bytes)}`];
  for (const { name, format, bytes: size, pci, opaque } of devices.slice(0, 64)) {
    const id = pci === undefined ? '' : ` (${pci})`;
    lines.push(`${name === '' ? 'state' : printable(name)}: ${format}${id}, ${sizeText(size)}`);
    if (opaque !== undefined && size > 0) {
      lines.push(...opaqueLines(opaque).map((line) => `  ${line}`));
    }
  }
  if (devices.length > 64) lines.push(`and ${devices.length - 64} more devices`);
  return lines;
};

const findingLines = (
  { rule, severity, threats, message, expected, device, at, excused }: Finding,
  around: Around | undefined,
  chalk: ChalkInstance,
  width: number,
): readonly string[] => {
  const label = severity.toUpperCase().padEnd(8);
  const tail = threats.join(', ');
  const room = width - 2 - label.length - 1 - rule.length - tail.length;
  const head = `  ${paint(chalk, severity)(label)} ${chalk.bold(rule)}`;
  const lines =
    room < 2
      ? [head, `    ${chalk.gray(tail)}`]
      : [`${head}${' '.repeat(room)}${chalk.gray(tail)}`];
  if (device !== undefined) lines.push(`    ${chalk.gray('of')} ${printable(device)}`);
  for (const line of wrapped(printable(message), width - 4)) lines.push(`    ${line}`);
  if (expected !== undefined) {
    for (const line of wrapped(printable(`expected ${expected}`), width - 4)) {
      lines.push(`    ${chalk.green(line)}`);
    }
  }
  if (excused !== undefined) {
    const why =
      excused.kind === 'known' ? 'known: in the baseline' : `suppressed: ${excused.reason}`;
    for (const line of wrapped(printable(why), width - 4)) lines.push(`    ${chalk.gray(line)}`);
  }
  for (const location of at.slice(0, 4)) lines.push(...strip(location, around, chalk, width));
  return lines;
};

/** The bytes of a place in their row of sixteen, or of eight where more do not fit, and a mark beneath. */
const strip = (
  { path, ranges, bytes, control, note }: Finding['at'][number],
  around: Around | undefined,
  chalk: ChalkInstance,
  width: number,
): readonly string[] => {
  const [range] = ranges;
  if (range === undefined) return [];
  const perRow = width < MARGIN + 16 * 3 - 1 ? 8 : 16;
  const remark = [
    range.file === undefined ? '' : `in ${printable(range.file)}`,
    printable(path),
    control === undefined || control === 'unknown' ? '' : `set by the ${control}`,
    printable(note ?? ''),
  ].filter((part) => part !== '');
  const aligned = range.offset - (range.offset % perRow);
  const read = around?.(aligned, perRow, range.file);
  const from = read === undefined ? range.offset : aligned;
  const row = read ?? bytes.subarray(0, perRow);
  const at = range.offset - from;
  const marked = Math.min(Math.max(range.length, 1), perRow - at);
  const margin = `    ${offsetText(from).padStart(10)}  `;
  const lines: string[] = [];
  if (row.length > 0) {
    const before = hexBytes(row.subarray(0, at));
    const field = hexBytes(row.subarray(at, at + marked));
    const after = hexBytes(row.subarray(at + marked));
    const parts = [chalk.gray(before), chalk.bold.inverse(field), chalk.gray(after)];
    const plain = [before, field, after];
    lines.push(`${margin}${parts.filter((_, index) => plain[index] !== '').join(' ')}`);
    lines.push(`${' '.repeat(margin.length + at * 3)}${'^'.repeat(marked * 3 - 1)}`);
  } else {
    lines.push(`${margin}${chalk.gray('(no bytes)')}`);
  }
  if (remark.length > 0) {
    const where = range.offset === from ? '' : `${offsetText(range.offset)} `;
    const text = `${where}${remark.join(', ')}`;
    lines.push(...wrapped(text, width - 4).map((line) => `    ${chalk.gray(line)}`));
  }
  return lines;
};

const verdictLines = (
  { findings, verdicts }: CheckedInput,
  chalk: ChalkInstance,
  width: number,
): readonly string[] => {
  const counts = { pass: 0, fail: 0, undecided: 0, 'not-applicable': 0 };
  for (const verdict of Object.values(verdicts)) counts[verdict] += 1;
  const { counted, excused } = talliedFindings(findings);
  const bad = counted.map(([severity, count]) => paint(chalk, severity)(`${count} ${severity}`));
  const fine = excused === 0 ? 'nothing wrong found' : 'nothing that counts';
  const head = bad.length === 0 ? chalk.green(fine) : bad.join(', ');
  return [
    `  ${head}`,
    ...wrapped(
      `rules: ${counts.pass} passed, ${counts.fail} failed, ${counts.undecided} undecided, ` +
        `${counts['not-applicable']} not applicable`,
      width - 2,
    ).map((line) => chalk.gray(`  ${line}`)),
  ];
};

/** The closing line over several inputs. */
export const totalText = (
  inputs: readonly (CheckedInput | UnreadInput)[],
  passedOver: number,
  failing: number,
): string => {
  const unread = inputs.filter((input) => 'error' in input).length;
  const parts = [
    plural(inputs.length, 'input'),
    `${failing} with findings at or above the threshold`,
    ...(unread > 0 ? [`${unread} unreadable`] : []),
    ...(passedOver > 0 ? [`${plural(passedOver, 'text file')} passed over`] : []),
  ];
  return `${parts.join(', ')}\n`;
};
