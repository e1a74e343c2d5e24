import { createHash } from 'node:crypto';
import { likePath, planPaths } from './edit-class.ts';
import type { Execution, Result } from '../targets/target.ts';
import type { Lab } from './lab.ts';
import { minimise, MOST_EXECUTIONS, sameBug } from './minimise.ts';
import type { Violation } from './oracles/oracle.ts';
import type { Plan } from './plan.ts';
import type { Find } from './work.ts';

/** What is known of one bug. */
export interface Bug {
  readonly id: string;
  readonly oracle: string;
  readonly bucket: string;
  /** Fields of the layout that the minimal plan touches. */
  readonly path: string;
  readonly original: Plan;
  readonly minimal: Plan;
  /** Of so many runs of the original, so many showed it. */
  readonly runs: number;
  readonly shown: number;
  /** Executions that triage took. */
  readonly executions: number;
  /** An execution of the minimal plan, and what was said of it. */
  readonly execution: Execution;
  readonly result: Result;
  readonly violation: Violation;
}

const RERUNS = 4;

/** A name that the same bug has in every campaign. */
export const bugId = (oracle: string, bucket: string, path: string): string => {
  const digest = createHash('sha256').update(`${oracle}\n${bucket}\n${path}`).digest('hex');
  return `${oracle}-${digest.slice(0, 8)}`;
};

/**
 * Runs a find again, makes it small, and says which bug it is. What does not show itself again is
 * kept as it was found, and marked.
 */
export const triage = async (
  lab: Lab,
  find: Pick<Find, 'plan' | 'oracle' | 'violation' | 'result'>,
  signal: AbortSignal,
  most = MOST_EXECUTIONS,
): Promise<Bug | undefined> => {
  const { oracle, plan } = find;
  const { bucket } = find.violation;
  const original = lab.apply([plan])[0]?.execution;
  if (original === undefined) return undefined;
  const shows = async (one: Plan): Promise<Shown | undefined> => {
    const [seen] = await lab.examine([one], signal, oracle);
    const witness = seen === undefined ? undefined : sameBug(seen, oracle, bucket);
    if (seen === undefined || witness === undefined) return undefined;
    return { execution: seen.execution, result: seen.result, violation: witness.violation };
  };
  let shown = 0;
  let settled: Shown = { execution: original, result: find.result, violation: find.violation };
  for (let turn = 0; turn < RERUNS && !signal.aborted; turn += 1) {
    const again = await shows(plan);
    if (again === undefined) continue;
    shown += 1;
    settled = again;
  }
  let minimal = plan;
  let executions = RERUNS;
  if (shown > 0) {
    const small = await minimise(lab, plan, { oracle, bucket }, signal, most);
    executions += small.executions + 1;
    const again = await shows(small.plan);
    if (again !== undefined) {
      settled = again;
      minimal = small.plan;
    }
  }
  const path = planPaths(minimal);
  return {
    id: bugId(oracle, bucket, path),
    oracle,
    bucket,
    path,
    original: plan,
    minimal,
    runs: RERUNS,
    shown,
    executions,
    ...settled,
  };
};

type Shown = Pick<Bug, 'execution' | 'result' | 'violation'>;

/** Whether a plan does all that the minimal plan of a bug does, so that it shows that bug again. */
export const contains = (plan: Plan, minimal: Plan): boolean => {
  const keys = new Set(plan.edits.map(keyOf));
  return minimal.edits.every((edit) => keys.has(keyOf(edit)));
};

const keyOf = (edit: Plan['edits'][number]): string =>
  'field' in edit ? likePath(edit.field) : edit.kind;
