import type { CheckedInput } from '../check/check.ts';
import type { Verdict } from '../check/judge.ts';
import type { Finding } from '../finding/finding.ts';
import { counts } from '../finding/finding.ts';
import { offsetText, printable } from './escape.ts';
import type { UnreadInput } from './json.ts';
import { isUnread, type Report } from './report.ts';

/**
 * JUnit XML: a suite for each input, a case for each rule, the passed ones too. A case fails when its
 * rule has a finding that counts; what was not checked is skipped and says why.
 *
 * The schema of Ant and that of Jenkins agree on little. This keeps to both: what only Ant's asks for is
 * there, and no time is told, because the same input gives the same bytes.
 */
export const junitDocument = (report: Report): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...report.inputs.flatMap((input, index) => suite(input, index, report)),
    '</testsuites>',
    '',
  ].join('\n');

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

const noTime = 'timestamp="1970-01-01T00:00:00" time="0" hostname="localhost" package=""';

const suite = (
  input: CheckedInput | UnreadInput,
  index: number,
  report: Report,
): readonly string[] => {
  const name = attribute(input.path);
  const inSuite = (
    { tests, failures, errors, skipped }: Counts,
    cases: readonly string[],
    told: string,
  ): readonly string[] => [
    `  <testsuite id="${index}" name="${name}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}" ${noTime}>`,
    '    <properties/>',
    ...cases,
    `    <system-out>${content(told)}</system-out>`,
    '    <system-err/>',
    '  </testsuite>',
  ];
  if (isUnread(input)) {
    const error = attribute(input.error);
    return inSuite(
      { tests: 1, failures: 0, errors: 1, skipped: 0 },
      [
        `    <testcase name="the input can be read" classname="${name}" time="0">`,
        `      <error type="unread" message="${error}"/>`,
        '    </testcase>',
      ],
      '',
    );
  }
  const cases = Object.entries(input.verdicts).map(([rule, verdict]) =>
    testCase(rule, verdict, input, report),
  );
  const count = (wanted: Case['kind']): number =>
    cases.filter(({ kind }) => kind === wanted).length;
  return inSuite(
    {
      tests: cases.length,
      failures: count('failed'),
      errors: 0,
      skipped: count('skipped'),
    },
    cases.flatMap(({ lines }) => lines),
    cases.flatMap(({ aside }) => (aside === undefined ? [] : [aside])).join('\n'),
  );
};

interface Case {
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly lines: readonly string[];
  /** Findings of a rule whose case passes, because they do not count. */
  readonly aside?: string;
}

const notChecked: Readonly<Record<Exclude<Verdict, 'pass' | 'fail'>, string>> = {
  undecided: 'the rule could not be decided on this input',
  'not-applicable': 'nothing in this input that the rule is about',
};

const testCase = (
  rule: string,
  verdict: Verdict,
  { path, findings, omitted }: CheckedInput,
  { threshold }: Report,
): Case => {
  const mine = findings.filter((finding) => finding.rule === rule);
  const failing = mine.filter((finding) => threshold !== undefined && counts(finding, threshold));
  const open = `    <testcase name="${rule}" classname="${attribute(path)}" time="0"`;
  const more = omitted[rule] === undefined ? [] : [`and ${omitted[rule]} more`];
  const told = [...mine.map(findingText), ...more].join('\n');
  const [first] = failing;
  if (first !== undefined) {
    return {
      kind: 'failed',
      lines: [
        `${open}>`,
        `      <failure type="${first.severity}" message="${attribute(first.message)}">${content(told)}</failure>`,
        '    </testcase>',
      ],
    };
  }
  if (mine.length > 0) {
    const aside = [...mine.map((finding) => `${rule}: ${findingText(finding)}`), ...more];
    return { kind: 'passed', lines: [`${open}/>`], aside: aside.join('\n') };
  }
  if (verdict === 'undecided' || verdict === 'not-applicable') {
    return {
      kind: 'skipped',
      lines: [
        `${open}>`,
        `      <skipped message="${attribute(notChecked[verdict])}"/>`,
        '    </testcase>',
      ],
    };
  }
  return { kind: 'passed', lines: [`${open}/>`] };
};

const findingText = ({ severity, message, expected, at: [first], excused }: Finding): string => {
  const where = first?.ranges[0] === undefined ? '' : `${offsetText(first.ranges[0].offset)} `;
  const wanted = expected === undefined ? '' : `, expected ${expected}`;
  const why =
    excused === undefined
      ? ''
      : excused.kind === 'known'
        ? ' (known)'
        : ` (suppressed: ${excused.reason})`;
  return `${where}${severity}: ${message}${wanted}${why}`;
};

/** Control characters are escaped before, because XML 1.0 has no way to write them. */
const content = (text: string): string =>
  text
    .split('\n')
    .map(printable)
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\ufffe\uffff]/gu, '\ufffd');

const attribute = (text: string): string => content(printable(text)).replaceAll('"', '&quot;');
