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
 */
export const junitDocument = (report: Report): string => {
  const suites = report.inputs.map((input) => suite(input, report));
  const sum = (key: 'tests' | 'failures' | 'errors' | 'skipped'): number =>
    suites.reduce((total, one) => total + one[key], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vstate-check" tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}">`,
    ...suites.flatMap(({ lines }) => lines),
    '</testsuites>',
    '',
  ].join('\n');
};

interface Suite {
  readonly lines: readonly string[];
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

const suite = (input: CheckedInput | UnreadInput, report: Report): Suite => {
  const name = attribute(input.path);
  if (isUnread(input)) {
    const lines = [
      `  <testsuite name="${name}" tests="1" failures="0" errors="1" skipped="0">`,
      `    <testcase name="the input can be read" classname="${name}">`,
      `      <error message="${attribute(input.error)}"/>`,
      '    </testcase>',
      '  </testsuite>',
    ];
    return { lines, tests: 1, failures: 0, errors: 1, skipped: 0 };
  }
  const cases = Object.entries(input.verdicts).map(([rule, verdict]) =>
    testCase(rule, verdict, input, report),
  );
  const failures = cases.filter(({ kind }) => kind === 'failed').length;
  const skipped = cases.filter(({ kind }) => kind === 'skipped').length;
  return {
    lines: [
      `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}">`,
      ...cases.flatMap(({ lines }) => lines),
      '  </testsuite>',
    ],
    tests: cases.length,
    failures,
    errors: 0,
    skipped,
  };
};

interface Case {
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly lines: readonly string[];
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
  const open = `    <testcase name="${rule}" classname="${attribute(path)}"`;
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
    return {
      kind: 'passed',
      lines: [`${open}>`, `      <system-out>${content(told)}</system-out>`, '    </testcase>'],
    };
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
