import type { BugReport } from '../fuzz/finding-folder.ts';
import { offsetText, printable, sizeText, wrapped } from './escape.ts';
import { plural } from './words.ts';

const WIDTH = 80;
const MOST_OUTPUT_LINES = 12;
const MOST_FRAMES = 8;

/** A finding of the fuzzer for a person: what was changed, how it was written, what came of it, and why it is wrong. */
export const bugText = (report: BugReport, path: string): string => {
  const { finding, rows, session, step, rule, runs, shown } = report;
  const lines: string[] = [
    `${finding.severity.toUpperCase()} ${report.oracle}: ${report.title}`,
    ...indented(printable(finding.message)),
  ];
  if (finding.expected !== undefined)
    lines.push(...indented(`expected: ${printable(finding.expected)}`));
  lines.push('');
  if (rows.length === 0) lines.push('  The seed is given as it is.');
  for (const row of rows) {
    const place = row.path === '' ? 'the state' : printable(row.path);
    lines.push(`  field    ${place}, ${sizeText(row.length)} at ${offsetText(row.offset)}`);
    if (row.role !== '') lines.push(`  role     ${printable(row.role)}`);
    if (row.control !== 'unknown') lines.push(`  set by   the ${row.control}`);
    lines.push(`  value    ${printable(row.old)} -> ${printable(row.new)}`);
  }
  lines.push(`  written  ${session === '' ? 'whole, in one write' : printable(session)}`);
  lines.push(`  shown by ${printable(step)}`);
  lines.push(`  outcome  ${printable(report.outcome)}`);
  if (rule !== undefined) {
    lines.push(`  rule     ${rule.id}`, ...indented(printable(rule.message), '           '));
  }
  if (report.stack.length > 0) {
    lines.push('', '  stack');
    for (const frame of report.stack.slice(0, MOST_FRAMES)) lines.push(`    ${printable(frame)}`);
  }
  if (report.message.trim() !== '') {
    lines.push('', '  the target said');
    for (const line of report.message.split('\n').slice(0, MOST_OUTPUT_LINES)) {
      lines.push(`    ${printable(line).slice(0, WIDTH + 20)}`);
    }
  }
  lines.push('', ...indented(report.rationale));
  const steady =
    runs === 0
      ? 'not run again yet'
      : shown === runs
        ? `shown in each of ${runs} runs`
        : `shown in ${shown} of ${runs} runs: not steady`;
  lines.push('', `  ${steady}; found after ${report.executions} executions`);
  if (report.behind.length > 0) {
    lines.push(
      `  found behind ${plural(report.behind.length, 'known finding')}, whose plans were left out`,
    );
  }
  lines.push(
    '',
    `  again: vstate-check replay ${printable(path)}`,
    '  without vstate-check: reproduce.sh and reproducer.c in that folder',
  );
  return `${lines.join('\n')}\n`;
};

const indented = (text: string, margin = '  '): readonly string[] =>
  wrapped(text, WIDTH - margin.length).map((line) => `${margin}${line}`);

/** A finding in one line. */
export const bugLine = ({ finding, id }: BugReport): string =>
  `${finding.severity.toUpperCase()} ${id}: ${printable(finding.message)}`;

/** A finding as a part of a JSON document. */
export const bugJson = ({ finding, rows, message, ...rest }: BugReport): unknown => ({
  ...rest,
  rule: rest.rule ?? null,
  severity: finding.severity,
  confidence: finding.confidence,
  threats: finding.threats,
  summary: finding.message,
  expected: finding.expected ?? null,
  rows,
  said: message,
});
