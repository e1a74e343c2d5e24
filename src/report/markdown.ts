import type { CheckedInput } from '../check/check.ts';
import { counts, severities, threatTitles, type Finding } from '../finding/finding.ts';
import { offsetText, printable, sizeText } from './escape.ts';
import { isUnread, threatsOf, type Report } from './report.ts';
import { containerText, plural, talliedFindings } from './words.ts';

const MOST_FINDINGS = 50;
const MOST_INPUTS = 200;

/** A summary for people who read it beside a build: a table of inputs, then what is wrong with each. */
export const markdownDocument = (report: Report): string => {
  const lines = ['# vstate-check', '', verdictLine(report), ''];
  lines.push('| input | holds | findings | rules passed |', '| --- | --- | --- | --- |');
  for (const input of report.inputs.slice(0, MOST_INPUTS)) {
    if (isUnread(input)) {
      lines.push(`| ${cell(input.path)} | not read: ${cell(input.error)} | | |`);
    } else {
      lines.push(
        `| ${cell(input.path)} | ${cell(holds(input))} | ${countText(input)} | ${ruleCounts(input)} |`,
      );
    }
  }
  if (report.inputs.length > MOST_INPUTS) {
    lines.push('', `${report.inputs.length - MOST_INPUTS} more inputs are left out.`);
  }
  lines.push('', ...threatTable(report));
  for (const input of report.inputs) {
    if (isUnread(input) || input.findings.length === 0) continue;
    lines.push('', `## ${text(input.path)}`, '', ...findingLines(input));
  }
  if (report.gone.length > 0) {
    lines.push('', '## Gone since the baseline', '');
    for (const { path, rule, message } of report.gone.slice(0, MOST_FINDINGS)) {
      lines.push(`- ${text(path)}: \`${rule}\`: ${text(message)}`);
    }
  }
  return `${lines.join('\n')}\n`;
};

const verdictLine = ({ inputs, threshold }: Report): string => {
  const failing = inputs.filter(
    (input) =>
      !isUnread(input) &&
      threshold !== undefined &&
      input.findings.some((finding) => counts(finding, threshold)),
  ).length;
  const unread = inputs.filter(isUnread).length;
  const parts = [
    plural(inputs.length, 'input'),
    threshold === undefined
      ? 'no severity fails this run'
      : `${failing} with findings at or above \`${threshold}\``,
    ...(unread === 0 ? [] : [`${unread} could not be read`]),
  ];
  return `${parts.join(', ')}.`;
};

const holds = ({ container, bytes, devices }: CheckedInput): string => {
  const formats = devices.map(({ format }) => format);
  const shown = formats.length > 4 ? [...formats.slice(0, 4), '…'] : formats;
  const inside = formats.length === 0 ? '' : `: ${shown.join(', ')}`;
  return `${containerText(container)}, ${sizeText(bytes)}${inside}`;
};

const countText = ({ findings }: CheckedInput): string => {
  const { counted, excused } = talliedFindings(findings);
  const parts = counted.map(([severity, count]) => `${count} ${severity}`);
  if (excused > 0) parts.push(`${excused} known or suppressed`);
  return parts.length === 0 ? 'none' : parts.join(', ');
};

const ruleCounts = ({ verdicts }: CheckedInput): string => {
  const asked = Object.values(verdicts).filter((verdict) => verdict !== 'not-applicable');
  return `${asked.filter((verdict) => verdict === 'pass').length} of ${asked.length}`;
};

const threatTable = (report: Report): readonly string[] => [
  '| threat | passed | failed | undecided | not applicable |',
  '| --- | --- | --- | --- | --- |',
  ...threatsOf(report).map(
    ({ threat, pass, fail, undecided, 'not-applicable': other }) =>
      `| \`${threat}\`: ${threatTitles[threat]} | ${pass} | ${fail} | ${undecided} | ${other} |`,
  ),
];

const findingLines = ({ findings }: CheckedInput): readonly string[] => {
  const sorted = [...findings].sort(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
  const lines = [
    '| severity | rule | where | what |',
    '| --- | --- | --- | --- |',
    ...sorted.slice(0, MOST_FINDINGS).map(findingRow),
  ];
  if (findings.length > MOST_FINDINGS) {
    lines.push('', `${findings.length - MOST_FINDINGS} more findings are left out.`);
  }
  return lines;
};

const findingRow = ({
  severity,
  rule,
  device,
  message,
  expected,
  at,
  excused,
}: Finding): string => {
  const [first] = at;
  const offset = first?.ranges[0] === undefined ? '' : offsetText(first.ranges[0].offset);
  const where = [device ?? '', first?.path ?? '', offset].filter((part) => part !== '').join(' ');
  const wanted = expected === undefined ? '' : `; expected ${expected}`;
  const why =
    excused === undefined
      ? ''
      : excused.kind === 'known'
        ? ' (known)'
        : ` (suppressed: ${excused.reason})`;
  return `| ${severity} | \`${rule}\` | ${cell(where)} | ${cell(`${message}${wanted}${why}`)} |`;
};

/** Text from an input as Markdown that means nothing else: no markup, no links, no HTML. */
export const markdownText = (raw: string): string =>
  printable(raw)
    .replaceAll(/[\\`*_[\]~|]/gu, (mark) => `\\${mark}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/:\/\//gu, '&#58;//')
    .replaceAll('@', '&#64;');

const text = markdownText;
const cell = markdownText;
