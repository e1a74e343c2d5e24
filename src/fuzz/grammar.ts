import type { Abilities } from '../targets/target.ts';
import { canaryPlans } from './canaries.ts';
import type { Plan } from './plan.ts';
import type { Library } from './skeleton.ts';
import { sessionsFor, systematic, type Cell, type Systematic } from './systematic.ts';

/** The systematic plans of one seed, in parts that are taken in turn. */
interface Gear {
  readonly seed: string;
  /** The seed as it is in every session, and with canaries in what might be left behind. */
  readonly first: readonly Plan[];
  readonly plans: Systematic;
  /** Plans with a plain session; they stand in front of the others. */
  readonly plain: number;
  /** A step through the others that spreads over all of them from the start. */
  readonly stride: number;
}

/**
 * The systematic gear over all seeds, in an order of its own: the seed as it is in every session,
 * then in turn an edit in a plain session, the mildest of every field first, and an edit in another
 * session. A campaign that is cut short has seen something of everything.
 */
export class Grammar {
  readonly #library: Library;
  readonly #abilities: Abilities;
  readonly #bySeed = new Map<string, Gear>();

  constructor(library: Library, abilities: Abilities) {
    this.#library = library;
    this.#abilities = abilities;
  }

  totalOf(seed: string): number {
    const gear = this.#of(seed);
    return gear === undefined ? 0 : gear.first.length + gear.plans.total;
  }

  at(seed: string, place: number): Plan | undefined {
    const gear = this.#of(seed);
    if (gear === undefined || place >= this.totalOf(seed)) return undefined;
    return gear.first[place] ?? gear.plans.at(indexOf(gear, place));
  }

  /** The square that a plan lies in; undefined for the seeds as they are. */
  cellAt(seed: string, place: number): Cell | undefined {
    const gear = this.#of(seed);
    if (gear === undefined || place < gear.first.length || place >= this.totalOf(seed)) {
      return undefined;
    }
    return gear.plans.cellOf(indexOf(gear, place));
  }

  /** The squares of a seed with their plans; the same one may come several times. */
  *squares(
    seed: string,
  ): Generator<{ readonly field: string; readonly mutator: string; readonly count: number }> {
    const gear = this.#of(seed);
    if (gear === undefined || gear.plain === 0) return;
    // Every session has the same plans.
    const count = gear.plans.total / gear.plain;
    for (let index = 0; index < gear.plain; index += 1) {
      const { field, mutator } = gear.plans.cellOf(index);
      yield { field, mutator, count };
    }
  }

  #of(seed: string): Gear | undefined {
    const known = this.#bySeed.get(seed);
    if (known !== undefined) return known;
    const skeleton = this.#library.get(seed);
    if (skeleton === undefined) return undefined;
    const plans = systematic(skeleton, this.#abilities);
    const sessions = sessionsFor(skeleton, this.#abilities);
    const plain = Math.round(plans.total / Math.max(sessions.length, 1));
    const first = [
      ...sessions.map((session): Plan => ({ seed, edits: [], repair: { kind: 'all' }, session })),
      ...canaryPlans(skeleton, this.#abilities),
    ];
    const gear = { seed, first, plans, plain, stride: strideOf(plans.total - plain) };
    this.#bySeed.set(seed, gear);
    return gear;
  }
}

/** The number of the plan that stands at a place behind the first ones. */
const indexOf = ({ first, plans, plain, stride }: Gear, place: number): number => {
  const turn = place - first.length;
  const others = plans.total - plain;
  const both = 2 * Math.min(plain, others);
  if (turn < both && turn % 2 === 0) return turn / 2;
  if (turn >= both && others <= plain) return turn - both / 2;
  const other = turn < both ? (turn - 1) / 2 : turn - plain;
  return plain + ((other * stride) % others);
};

/** A step near the golden section of a total, and without a divisor in common with it. */
const strideOf = (total: number): number => {
  let stride = Math.max(1, Math.round(total * 0.618_033_988_749_895));
  while (divisor(stride, total) > 1) stride += 1;
  return stride;
};

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
