import type { Abilities } from '../targets/target.ts';
import { likePath } from './edit-class.ts';
import type { Grammar } from './grammar.ts';
import { Heat, type HeatMap } from './heat.ts';
import type { Skeleton } from './skeleton.ts';
import type { Job, Stretch } from './work.ts';

/** Batches of a round: fixed, so that a round is the same on any number of workers. */
const BATCHES = 8;
/** Of these, for the systematic gear while it has plans left. */
const SYSTEMATIC = 6;
/** The first rounds are short, so that what they show is used early. */
const FIRST = 16;
const LARGEST = 8192;
/** Seeds that the systematic gear goes through side by side. */
const ABREAST = 8;

/** Where the systematic gear stands; saved with the campaign. */
export interface Cursor {
  readonly group: number;
  readonly place: number;
}

/**
 * What a campaign does next, round by round: most of it systematic at first, then search alone. The
 * seeds that show the most of the layout come first.
 */
export class Schedule {
  readonly #groups: readonly (readonly string[])[];
  readonly #grammar: Grammar;
  readonly #heat: Heat;
  readonly #largest: number;
  #cursor: Cursor;

  constructor(
    seeds: readonly Skeleton[],
    grammar: Grammar,
    abilities: Abilities,
    cursor: Cursor = { group: 0, place: 0 },
  ) {
    const order = leadingFirst(seeds);
    this.#groups = Array.from({ length: Math.ceil(order.length / ABREAST) }, (_, index) =>
      order.slice(index * ABREAST, (index + 1) * ABREAST),
    );
    this.#grammar = grammar;
    this.#heat = new Heat(grammar);
    this.#cursor = cursor;
    this.#largest = Math.min(Math.max(abilities.batch, 4), LARGEST);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Goes back to where a round began that was not finished. */
  back(cursor: Cursor): void {
    this.#cursor = cursor;
  }

  /** Plans of the systematic gear so far, and in all. */
  get progress(): { readonly done: number; readonly total: number } {
    let done = 0;
    let total = 0;
    for (const [index, group] of this.#groups.entries()) {
      for (const seed of group) {
        const all = this.#grammar.totalOf(seed);
        total += all;
        if (index < this.#cursor.group) done += all;
        else if (index === this.#cursor.group) done += Math.min(all, this.#cursor.place);
      }
    }
    return { done, total };
  }

  /** What of the grammar was tried, over the seeds that were come to. */
  heat(): HeatMap {
    for (const [index, group] of this.#groups.slice(0, this.#cursor.group + 1).entries()) {
      for (const seed of group) {
        const all = this.#grammar.totalOf(seed);
        this.#heat.reach(
          seed,
          index < this.#cursor.group ? all : Math.min(all, this.#cursor.place),
        );
      }
    }
    return this.#heat.map();
  }

  /** The jobs of a round, of no more than `most` executions. */
  jobs(round: number, most: number): readonly Job[] {
    const ramp = FIRST * 2 ** Math.min(round, 16);
    const size = Math.max(1, Math.min(this.#largest, ramp, Math.ceil(most / BATCHES)));
    const batches = Math.min(BATCHES, Math.ceil(most / size));
    return Array.from({ length: batches }, (_, batch): Job => {
      const systematic = batch % BATCHES < SYSTEMATIC ? this.#stretches(size) : [];
      const taken = systematic.reduce((sum, { from, to }) => sum + to - from, 0);
      return { round, batch, systematic, search: size - taken };
    });
  }

  /** The next plans of the systematic gear, at most `size` of them. */
  #stretches(size: number): readonly Stretch[] {
    const { group, place } = this.#cursor;
    const seeds = this.#groups[group];
    if (seeds === undefined) return [];
    const open = seeds.filter((seed) => this.#grammar.totalOf(seed) > place);
    if (open.length === 0) {
      this.#cursor = { group: group + 1, place: 0 };
      return this.#stretches(size);
    }
    const each = Math.max(1, Math.floor(size / open.length));
    const stretches: Stretch[] = [];
    for (const seed of open) {
      const to = Math.min(place + each, this.#grammar.totalOf(seed));
      stretches.push({ seed, from: place, to });
    }
    this.#cursor = { group, place: place + each };
    return stretches;
  }
}

/** Seeds in an order in which each adds as many kinds of fields as possible to those before it. */
const leadingFirst = (seeds: readonly Skeleton[]): readonly string[] => {
  const left = seeds.map(({ digest, parts }) => ({
    digest,
    kinds: new Set(parts.map(({ path }) => likePath(path))),
  }));
  const seen = new Set<string>();
  const order: string[] = [];
  while (left.length > 0) {
    let best = 0;
    let most = -1;
    for (const [index, { kinds }] of left.entries()) {
      let fresh = 0;
      for (const kind of kinds) if (!seen.has(kind)) fresh += 1;
      if (fresh > most) {
        most = fresh;
        best = index;
      }
    }
    const [next] = left.splice(best, 1);
    if (next === undefined) break;
    order.push(next.digest);
    for (const kind of next.kinds) seen.add(kind);
    // Past the first few all seeds are alike, and looking for the best of them costs more than it brings.
    if (most === 0 || order.length >= 256) {
      order.push(...left.map(({ digest }) => digest));
      break;
    }
  }
  return order;
};
