import { likePath } from './edit-class.ts';
import type { Grammar } from './grammar.ts';
import { mutators } from './mutators/index.ts';

/** Fields that are told apart; a layout with more of them is seen by the first. */
const MOST_FIELDS = 1024;

/** What of the grammar was tried, square by square: fields down, the boundary of a role across. */
export interface HeatMap {
  readonly version: 1;
  /** Ids of the mutators, the columns. */
  readonly mutators: readonly string[];
  readonly rows: readonly HeatRow[];
}

export interface HeatRow {
  /** A field, the same for every element of a list; empty for the state as a whole. */
  readonly field: string;
  /** Plans that were tried and that there are, for each column; null where there are none. */
  readonly cells: readonly (readonly [done: number, total: number] | null)[];
}

interface Square {
  done: number;
  total: number;
}

/** Counts the squares of the seeds that the systematic gear has come to, each plan once. */
export class Heat {
  readonly #grammar: Grammar;
  readonly #fields = new Map<string, Map<string, Square>>();
  /** How far each seed was counted. */
  readonly #places = new Map<string, number>();

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  /** The first `place` plans of a seed were tried. */
  reach(seed: string, place: number): void {
    const before = this.#places.get(seed);
    if (before === undefined) {
      for (const { field, mutator, count } of this.#grammar.squares(seed)) {
        const square = this.#square(field, mutator);
        if (square !== undefined) square.total += count;
      }
    }
    const from = before ?? 0;
    this.#places.set(seed, place);
    // A round that was cut short is gone back before.
    const by = place < from ? -1 : 1;
    for (let at = Math.min(from, place); at < Math.max(from, place); at += 1) {
      const cell = this.#grammar.cellAt(seed, at);
      const square = cell === undefined ? undefined : this.#square(cell.field, cell.mutator);
      if (square !== undefined) square.done += by;
    }
  }

  map(): HeatMap {
    const ids = mutators.map(({ id }) => id);
    return {
      version: 1,
      mutators: ids,
      rows: [...this.#fields].map(([field, squares]) => ({
        field,
        cells: ids.map((id) => {
          const square = squares.get(id);
          return square === undefined ? null : [square.done, square.total];
        }),
      })),
    };
  }

  #square(path: string, mutator: string): Square | undefined {
    const field = likePath(path);
    let row = this.#fields.get(field);
    if (row === undefined) {
      if (this.#fields.size >= MOST_FIELDS) return undefined;
      row = new Map();
      this.#fields.set(field, row);
    }
    let square = row.get(mutator);
    if (square === undefined) {
      square = { done: 0, total: 0 };
      row.set(mutator, square);
    }
    return square;
  }
}
