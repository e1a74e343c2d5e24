import { bytesOf, type Execution } from '../targets/target.ts';
import type { Finding } from '../finding/finding.ts';
import { isCount, isRecord, jsonOf } from './campaign/folder.ts';
import { readPlain } from './campaign/foreign.ts';
import { bugFinding, stepText, tellingStep } from './bug-finding.ts';
import type { KnownBug } from './bugs.ts';
import { describePlan, describeSession, type EditRow } from './describe-plan.ts';
import { draftRule } from './draft-rule.ts';
import { oracleById } from './oracles/index.ts';
import { planFromJson, planToJson } from './plan-json.ts';
import type { Plan } from './plan.ts';
import { reproducerC, reproducerShell } from './reproducer.ts';
import type { Library } from './skeleton.ts';
import type { Bug } from './triage.ts';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that a report says of a bug; plain data but for the bytes in the finding. */
export interface BugReport {
  readonly id: string;
  readonly oracle: string;
  readonly title: string;
  readonly rationale: string;
  readonly cwe: string;
  readonly bucket: string;
  readonly finding: Finding;
  readonly rows: readonly EditRow[];
  readonly session: string;
  /** The write or other step at which it showed. */
  readonly step: string;
  /** The rule that says that the state must be refused. */
  readonly rule: { readonly id: string; readonly message: string } | undefined;
  readonly runs: number;
  readonly shown: number;
  readonly round: number;
  readonly executions: number;
  readonly behind: readonly string[];
  readonly target: string;
  readonly format: string;
  readonly outcome: string;
  /** What the target said, not escaped. */
  readonly message: string;
  readonly stack: readonly string[];
}

export const bugReport = (
  library: Library,
  bug: Bug,
  known: KnownBug,
  { target, format }: { readonly target: string; readonly format: string },
): BugReport => {
  const oracle = oracleById(bug.oracle);
  const { outcome } = bug.result;
  const { rule } = bug.violation;
  return {
    id: bug.id,
    oracle: bug.oracle,
    title: oracle?.title ?? bug.oracle,
    rationale: (oracle?.rationale ?? '').trim(),
    cwe: oracle?.cwe ?? '',
    bucket: bug.bucket,
    finding: bugFinding(library, bug),
    rows: describePlan(library, bug.minimal),
    session: describeSession(bug.minimal.session),
    step: stepText(bug.execution, tellingStep(bug)),
    rule: rule === undefined ? undefined : { id: rule.rule, message: rule.message },
    runs: bug.runs,
    shown: bug.shown,
    round: known.round,
    executions: known.at,
    behind: known.behind,
    target,
    format,
    outcome: outcome.kind === 'rejected' ? `rejected (${outcome.reason})` : outcome.kind,
    message: bug.result.message,
    stack: outcome.kind === 'crashed' ? outcome.stack : [],
  };
};

/** Digests of the seeds that a plan needs: its own, and those that it takes parts from. */
const seedsOf = ({ seed, edits }: Plan): readonly string[] => [
  ...new Set([seed, ...edits.flatMap((edit) => (edit.kind === 'splice' ? [edit.from] : []))]),
];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What is known as soon as an oracle spoke: enough to lose nothing if all ends here. */
export const firstFiles = (
  library: Library,
  plan: Plan,
  found: Readonly<Record<string, unknown>>,
  execution: Execution | undefined,
): Readonly<Record<string, Uint8Array | string>> => ({
  'plan.json': json(planToJson(plan)),
  'found.json': json(found),
  'original.bin': mutantOf(execution),
  ...seedFiles(library, [plan]),
});

const seedFiles = (
  library: Library,
  plans: readonly Plan[],
): Readonly<Record<string, Uint8Array>> =>
  Object.fromEntries(
    plans.flatMap(seedsOf).flatMap((digest) => {
      const seed = library.get(digest);
      return seed === undefined ? [] : [[`seeds/${digest}.bin`, seed.bytes] as const];
    }),
  );

const mutantOf = (execution: Execution | undefined): Uint8Array => {
  const input = execution?.inputs[0];
  return input === undefined ? new Uint8Array(0) : bytesOf(input);
};

/** The folder of a finding: what was found, what is left of it when it is small, and how to see it again. */
export const findingFiles = (
  library: Library,
  bug: Bug,
  original: Execution | undefined,
  report: BugReport,
  text: string,
): Readonly<Record<string, Uint8Array | string>> => {
  const { rows, finding, ...rest } = report;
  const document = {
    version: 1,
    ...rest,
    rows,
    severity: finding.severity,
    confidence: finding.confidence,
    threats: finding.threats,
    summary: finding.message,
    ...(finding.expected === undefined ? {} : { expected: finding.expected }),
    edits: bug.minimal.edits.length,
    steps: bug.result.steps.map((answer) => answer ?? null),
  };
  const title = `${report.title}: ${finding.message}`;
  return {
    'finding.json': json(document),
    'report.txt': text,
    'plan.json': json(planToJson(bug.original)),
    'minimal.json': json(planToJson(bug.minimal)),
    'original.bin': mutantOf(original),
    'minimal.bin': mutantOf(bug.execution),
    'rule-draft.ts': draftRule(library, report.format, bug),
    'reproducer.c': reproducerC(title, bug.execution),
    'reproduce.sh': reproducerShell(title, report.target, bug.execution),
    ...seedFiles(library, [bug.original, bug.minimal]),
  };
};

/** A finding that was read back from its folder, which may be anybody's. */
export interface StoredFinding {
  readonly oracle: string;
  readonly bucket: string;
  readonly plan: Plan;
  readonly minimal: Plan;
  readonly seeds: readonly Uint8Array[];
  /** What the oracle said of it. */
  readonly message: string;
  /** Executions of the campaign when it was found. */
  readonly executions: number;
}

const LARGEST_SEED = 1 << 24;
const MOST_SEEDS = 64;

/** Reads the folder of a finding; undefined when it is none. */
export const readFinding = (path: string): StoredFinding | undefined => {
  const plan = planFromJson(jsonOf(join(path, 'plan.json')));
  const document = jsonOf(join(path, 'finding.json')) ?? jsonOf(join(path, 'found.json'));
  if (plan === undefined || !isRecord(document)) return undefined;
  const { oracle, bucket, executions } = document;
  const message = document.message ?? document.summary;
  if (typeof oracle !== 'string' || typeof bucket !== 'string') return undefined;
  const seeds = readdirSync(join(path, 'seeds'))
    .slice(0, MOST_SEEDS)
    .flatMap((name) => {
      const bytes = readPlain(join(path, 'seeds', name), LARGEST_SEED);
      return typeof bytes === 'string' ? [] : [bytes];
    });
  const minimal = planFromJson(jsonOf(join(path, 'minimal.json')));
  return {
    oracle,
    bucket,
    plan,
    minimal: minimal ?? plan,
    seeds,
    message: typeof message === 'string' ? message : '',
    executions: isCount(executions) ? executions : 0,
  };
};
