import { parseMeasured } from '../bytes/json.ts';
import type { CheckedInput } from '../check/check.ts';
import type { Severity } from '../finding/finding.ts';
import { severities } from '../finding/finding.ts';
import { fingerprints } from './fingerprint.ts';
import { isUnread } from './report.ts';
import type { UnreadInput } from './json.ts';

/** A finding that a baseline holds: which, where, and how bad it was. */
export interface GoneFinding {
  readonly path: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly fingerprint: string;
  readonly message: string;
}

/** What a project knew of its inputs when the baseline was written. */
export interface Baseline {
  readonly version: 1;
  readonly findings: readonly GoneFinding[];
}

/** A baseline that cannot be read as one; the message names the place. */
export class BaselineError extends Error {}

/** What a baseline of some 100,000 findings has. */
export const baselineLimits = {
  text: 64 << 20,
  depth: 8,
  values: 1 << 20,
  members: 64,
  elements: 1 << 18,
  run: 1 << 16,
} as const;

export const baselineOf = (inputs: readonly (CheckedInput | UnreadInput)[]): Baseline => ({
  version: 1,
  findings: inputs.flatMap((input) => {
    if (isUnread(input)) return [];
    const names = fingerprints(input.findings);
    return input.findings.map(({ rule, severity, message }, index) => ({
      path: input.path,
      rule,
      severity,
      fingerprint: names[index] ?? '',
      message,
    }));
  }),
});

/** Reads what `--write-baseline` wrote, measured already. Throws `BaselineError` on anything else. */
export const readBaseline = (text: Uint8Array): Baseline => {
  let value: unknown;
  try {
    value = parseMeasured(text);
  } catch {
    throw new BaselineError('is not JSON');
  }
  if (!isRecord(value) || value.version !== 1 || !Array.isArray(value.findings)) {
    throw new BaselineError('is not a baseline of version 1');
  }
  const findings = value.findings.map((one: unknown, index) => {
    if (!isFinding(one)) {
      throw new BaselineError(
        `findings[${index}] lacks path, rule, severity, fingerprint or message`,
      );
    }
    return one;
  });
  return { version: 1, findings };
};

/** The findings of one input with the known ones excused, and what the baseline had beside them. */
export const compared = (
  input: CheckedInput,
  baseline: Baseline,
): { readonly input: CheckedInput; readonly gone: readonly GoneFinding[] } => {
  const known = new Map(
    baseline.findings
      .filter(({ path }) => path === input.path)
      .map((one) => [one.fingerprint, one] as const),
  );
  const names = fingerprints(input.findings);
  const findings = input.findings.map((finding, index) => {
    const name = names[index] ?? '';
    const before = known.get(name);
    if (before === undefined) return finding;
    known.delete(name);
    // What has become worse since then is new.
    const worse = severities.indexOf(finding.severity) < severities.indexOf(before.severity);
    return worse || finding.excused !== undefined
      ? finding
      : { ...finding, excused: { kind: 'known' as const } };
  });
  return { input: { ...input, findings }, gone: [...known.values()] };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isFinding = (value: unknown): value is GoneFinding =>
  isRecord(value) &&
  typeof value.path === 'string' &&
  typeof value.rule === 'string' &&
  typeof value.fingerprint === 'string' &&
  typeof value.message === 'string' &&
  severities.some((severity) => severity === value.severity);
