import { Arbitrary, Stream, Value, type Random as FastCheckRandom } from 'fast-check';

import type { Plan } from './plan.ts';
import { planToJson } from './plan-json.ts';
import { Random } from './random.ts';
import { randomPlan } from './search-plan.ts';
import { noBounds, simplerPlans, type Bounds } from './simpler.ts';
import type { Library } from './skeleton.ts';

/**
 * Plans for fast-check. It shrinks any plan, also one that it did not draw (an `example`), towards
 * fewest edits and mildest values, and proposes no plan twice while it shrinks one.
 *
 * @param start a plan that the drawn ones are changes of
 */
export const planArbitrary = (library: Library, start?: Plan): Arbitrary<Plan> =>
  new PlanArbitrary(library, start);

/** What shrinking remembers from one step to the next. */
class Context {
  readonly bounds: Bounds;
  /** Plans that were proposed, as text. */
  readonly seen: Set<string>;

  constructor(bounds: Bounds, seen: Set<string>) {
    this.bounds = bounds;
    this.seen = seen;
  }
}

class PlanArbitrary extends Arbitrary<Plan> {
  readonly #library: Library;
  readonly #start: Plan | undefined;

  constructor(library: Library, start: Plan | undefined) {
    super();
    this.#library = library;
    this.#start = start;
  }

  generate(source: FastCheckRandom): Value<Plan> {
    const random = new Random(source.nextInt(0, 0x7fff_ffff));
    return new Value(randomPlan(random, this.#library, this.#start), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Plan {
    return (
      typeof value === 'object' &&
      value !== null &&
      'seed' in value &&
      typeof value.seed === 'string' &&
      this.#library.get(value.seed) !== undefined &&
      'edits' in value &&
      Array.isArray(value.edits)
    );
  }

  shrink(plan: Plan, context: unknown): Stream<Value<Plan>> {
    return new Stream(
      this.#simpler(plan, context instanceof Context ? context : new Context(noBounds, new Set())),
    );
  }

  *#simpler(plan: Plan, { bounds, seen }: Context): IterableIterator<Value<Plan>> {
    seen.add(keyOf(plan));
    for (const next of simplerPlans(this.#library, plan, bounds)) {
      const key = keyOf(next.plan);
      if (seen.has(key)) continue;
      seen.add(key);
      yield new Value(next.plan, new Context(next.bounds, seen));
    }
  }
}

const keyOf = (plan: Plan): string => JSON.stringify(planToJson(plan));
