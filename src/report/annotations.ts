import { counts, type Finding, type Severity } from '../finding/finding.ts';
import { offsetText, printable } from './escape.ts';
import { fingerprints } from './fingerprint.ts';
import { jsonText } from './json-text.ts';
import { isUnread, type Report } from './report.ts';

/** GitHub shows ten of each kind for a step; the rest would push others out. */
const MOST_ANNOTATIONS = 50;

const githubLevels: Readonly<Record<Severity, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'notice',
  info: 'notice',
};

/** Workflow commands: one line a finding, which GitHub shows beside the change. */
export const githubAnnotations = (report: Report): string => {
  const lines = report.inputs.flatMap((input) => {
    if (isUnread(input)) {
      return [`::error file=${property(input.path)},title=not read::${data(input.error)}`];
    }
    return input.findings
      .filter(({ excused }) => excused === undefined)
      .map(
        (finding) =>
          `::${githubLevels[finding.severity]} file=${property(input.path)},title=${property(finding.rule)}::${data(sentence(finding))}`,
      );
  });
  const order = ['::error', '::warning', '::notice'];
  const sorted = [...lines].sort(
    (a, b) =>
      order.findIndex((level) => a.startsWith(level)) -
      order.findIndex((level) => b.startsWith(level)),
  );
  const shown = sorted.slice(0, MOST_ANNOTATIONS);
  if (sorted.length > shown.length) {
    shown.push(`::notice title=vstate-check::${sorted.length - shown.length} more findings`);
  }
  return shown.map((line) => `${line}\n`).join('');
};

/** Nothing from an input may end a command or begin one. */
const data = (text: string): string =>
  printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

const sentence = ({ message, expected, device, at: [first] }: Finding): string => {
  const of = device === undefined ? '' : `${device}: `;
  const where = first?.ranges[0] === undefined ? '' : ` (at ${offsetText(first.ranges[0].offset)})`;
  return `${of}${message}${expected === undefined ? '' : `; expected ${expected}`}${where}`;
};

const gitlabSeverities: Readonly<Record<Severity, string>> = {
  critical: 'blocker',
  high: 'critical',
  medium: 'major',
  low: 'minor',
  info: 'info',
};

/** GitLab's code quality report: a list that its merge requests show. */
export const gitlabDocument = (report: Report): string => {
  const issues = report.inputs.flatMap((input) => {
    if (isUnread(input)) return [];
    const names = fingerprints(input.findings);
    return input.findings.flatMap((finding, index) =>
      finding.excused === undefined
        ? [
            {
              type: 'issue',
              check_name: finding.rule,
              description: printable(sentence(finding)),
              categories: ['Security'],
              severity: gitlabSeverities[finding.severity],
              fingerprint: names[index] ?? '',
              location: { path: printable(input.path), lines: { begin: 1 } },
            },
          ]
        : [],
    );
  });
  return `${jsonText(issues, 2)}\n`;
};

/** How many inputs have a finding that fails the run. */
export const failingInputs = ({ inputs, threshold }: Report): number =>
  threshold === undefined
    ? 0
    : inputs.filter(
        (input) => !isUnread(input) && input.findings.some((finding) => counts(finding, threshold)),
      ).length;
