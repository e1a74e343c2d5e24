import type { Target } from '../targets/target.ts';
import { digestOf } from './campaign/foreign.ts';
import { forgetLeftover, UnderWay } from './campaign/under-way.ts';
import { planToJson } from './plan-json.ts';
import { plainSession, type Plan } from './plan.ts';

/** Keeps the last word of executions that may take the machine down with all who could tell of it. */
export interface Watch {
  /** What ended everything once; a campaign does not do it a second time by itself. */
  readonly fatal: ReadonlySet<string>;
  begins(plan: Plan): void;
  ended(): void;
  close(): void;
}

/** A name for all that a plan does. */
export const planKey = (plan: Plan): string => JSON.stringify(planToJson(plan));

/** A watch for a target that needs one, with its record in a folder. */
export const watchOver = (
  { abilities }: Target,
  folder: string,
  fatal: readonly Plan[],
): Watch | undefined => {
  if (abilities.endangers !== true) return undefined;
  const record = new UnderWay(folder);
  return {
    fatal: new Set(fatal.map(planKey)),
    begins: (plan) => record.begins(plan),
    ended: () => record.ended(),
    close: () => {
      record.close();
      forgetLeftover(folder);
    },
  };
};

/** The same target, one execution at a time, with the seed of each in the record. */
export const watched = (target: Target, watch: Watch | undefined): Target => {
  if (watch === undefined) return target;
  return {
    id: target.id,
    abilities: target.abilities,
    run: async (executions, signal) => {
      const results = [];
      for (const execution of executions) {
        // Whatever is done with a seed before a campaign, the seed comes last.
        const seed = execution.inputs.at(-1)?.base ?? new Uint8Array(0);
        watch.begins(seedAsItIs(digestOf(seed)));
        results.push(...(await target.run([execution], signal)));
        watch.ended();
      }
      return results;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
};

/** Seeds that do it as they are. */
export const seedsOfPlans = (plans: readonly Plan[]): ReadonlySet<string> => {
  const keys = new Set(plans.map(planKey));
  return new Set(plans.flatMap(({ seed }) => (keys.has(planKey(seedAsItIs(seed))) ? [seed] : [])));
};

const seedAsItIs = (seed: string): Plan => ({
  seed,
  edits: [],
  repair: { kind: 'all' },
  session: plainSession,
});
