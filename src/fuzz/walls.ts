import { editKey } from './edit-class.ts';
import type { Plan, SessionPlan } from './plan.ts';
import type { Wall } from './work.ts';

/** One plan in so many that would meet a known crash is run all the same: the bug may hide another. */
export const RETRIED = 16;

/** What ends the target, so that an execution behind it costs a restart and shows nothing new. */
const ending: ReadonlySet<string> = new Set([
  'restore-crashed',
  'restore-hangs',
  'restore-exhausts-memory',
  'restore-floods-log',
  'machine-went-down',
]);

/** The wall that a minimised finding is; undefined for a finding that lets the target go on. */
export const wallOf = (id: string, oracle: string, { edits, session }: Plan): Wall | undefined => {
  if (!ending.has(oracle)) return undefined;
  return {
    id,
    keys: [...new Set(edits.map(editKey))],
    session: sessionKey(session),
  };
};

/** Known walls, asked about each plan before it is run. */
export class Walls {
  readonly #walls: Wall[] = [];

  add(walls: readonly Wall[]): void {
    for (const wall of walls) {
      // A seed that breaks the target as it is stands in front of everything.
      if (wall.keys.length > 0 || wall.session !== undefined) this.#walls.push(wall);
    }
  }

  /** The first wall that a plan would run into. */
  before(plan: Plan): Wall | undefined {
    if (this.#walls.length === 0) return undefined;
    const keys = new Set(plan.edits.map(editKey));
    return this.#walls.find(
      (wall) =>
        wall.keys.every((key) => keys.has(key)) &&
        (wall.session === undefined || wall.session === sessionKey(plan.session)),
    );
  }
}

/** A session that matters, in a word; undefined for the plain one. */
const sessionKey = ({ shape, onRefusal, cuts }: SessionPlan): string | undefined => {
  const words = [
    ...(shape === 'plain' ? [] : [shape]),
    ...(onRefusal === 'stop' ? [] : [onRefusal]),
    ...(cuts.kind === 'whole' ? [] : ['cut']),
  ];
  return words.length === 0 ? undefined : words.join(' ');
};
