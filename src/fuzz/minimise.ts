import { Value } from 'fast-check';
import { planArbitrary } from './arbitrary.ts';
import type { Lab, Seen, Witness } from './lab.ts';
import type { Plan } from './plan.ts';

/** Executions that one finding may take until it is small. */
export const MOST_EXECUTIONS = 2000;
/** Candidates that are tried at once; what lies behind the first that serves is wasted. */
const AT_ONCE = 8;

export interface Minimised {
  readonly plan: Plan;
  readonly executions: number;
}

/** What an oracle said of an execution when it is the same bug as before. */
export const sameBug = ({ witnesses }: Seen, oracle: string, bucket: string): Witness | undefined =>
  witnesses.find((one) => one.oracle.id === oracle && one.violation.bucket === bucket);

/**
 * The mildest plan with the fewest edits that still shows the bug. fast-check proposes what is
 * smaller; the target says whether it is still the same.
 */
export const minimise = async (
  lab: Lab,
  plan: Plan,
  bug: { readonly oracle: string; readonly bucket: string },
  signal: AbortSignal,
  most = MOST_EXECUTIONS,
): Promise<Minimised> => {
  const arbitrary = planArbitrary(lab.options.library, plan);
  let executions = 0;
  let current = new Value<Plan>(plan, undefined);
  for (;;) {
    const stream = arbitrary.shrink(current.value, current.context);
    let better: Value<Plan> | undefined;
    while (better === undefined && executions < most && !signal.aborted) {
      const candidates: Value<Plan>[] = [];
      for (let next = stream.next(); next.done !== true; next = stream.next()) {
        candidates.push(next.value);
        if (candidates.length === AT_ONCE) break;
      }
      if (candidates.length === 0) break;
      executions += candidates.length;
      better = await firstThatShows(lab, candidates, bug, signal);
    }
    if (better === undefined) return { plan: current.value, executions };
    current = better;
  }
};

const firstThatShows = async (
  lab: Lab,
  candidates: readonly Value<Plan>[],
  { oracle, bucket }: { readonly oracle: string; readonly bucket: string },
  signal: AbortSignal,
): Promise<Value<Plan> | undefined> => {
  const seen = await lab.examine(
    candidates.map(({ value }) => value),
    signal,
    oracle,
  );
  const showing = new Set(
    seen.filter((one) => sameBug(one, oracle, bucket) !== undefined).map(({ plan }) => plan),
  );
  return candidates.find(({ value }) => showing.has(value));
};
