import { Value } from 'fast-check';
import { planArbitrary } from './arbitrary.ts';
import type { Result } from '../targets/target.ts';
import type { Lab, Seen, Witness } from './lab.ts';
import type { Plan } from './plan.ts';

/** Executions that one finding may take until it is small. */
export const MOST_EXECUTIONS = 2000;
/** An execution that takes the target's whole time or memory counts as so many. */
const DEAR = { hung: 250, exhausted: 50, hungry: 8 };
const HUNGRY = 1 << 24;
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
  let spent = 0;
  let current = new Value<Plan>(plan, undefined);
  for (;;) {
    const stream = arbitrary.shrink(current.value, current.context);
    let better: Value<Plan> | undefined;
    while (better === undefined && spent < most && !signal.aborted) {
      const candidates: Value<Plan>[] = [];
      for (let next = stream.next(); next.done !== true; next = stream.next()) {
        candidates.push(next.value);
        // Where they are dear, none is run that is not needed.
        if (candidates.length === AT_ONCE || spent > 2 * executions) break;
      }
      if (candidates.length === 0) break;
      executions += candidates.length;
      const tried = await firstThatShows(lab, candidates, bug, signal);
      better = tried.better;
      spent += tried.cost;
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
): Promise<{ readonly better: Value<Plan> | undefined; readonly cost: number }> => {
  const seen = await lab.examine(
    candidates.map(({ value }) => value),
    signal,
    oracle,
  );
  const showing = new Set(
    seen.filter((one) => sameBug(one, oracle, bucket) !== undefined).map(({ plan }) => plan),
  );
  const cost = seen.reduce((sum, { result }) => sum + costOf(result), 0);
  return {
    better: candidates.find(({ value }) => showing.has(value)),
    cost: Math.max(cost, candidates.length),
  };
};

/** By what came of it and not by the clock, so that the same find has the same minimum each time. */
const costOf = ({ outcome, growth, peak }: Result): number => {
  if (outcome.kind === 'hung' || outcome.kind === 'exhausted') return DEAR[outcome.kind];
  return Math.max(growth, peak) > HUNGRY ? DEAR.hungry : 1;
};
