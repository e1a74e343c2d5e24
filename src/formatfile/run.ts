import type { Node } from '../layout/node.ts';
import type { Allowance } from './cel.ts';
import { Scope } from './scope.ts';

/** Steps that the formulas over one input have in any case … */
const STEPS = 100_000;
/** … and more for each byte of the units that they judge, … */
const STEPS_PER_BYTE = 64;
/** … and no more than these, which take less than a minute. */
const MOST_STEPS = 100_000_000;

/** What all formulas over one input share: their steps, and the values of the unit that they judge. */
export class Run implements Allowance {
  left = STEPS;
  #given = STEPS;
  #root: Node | undefined;
  #scope = new Scope();

  /** The values of a unit; every formula of the run sees the same ones. */
  scopeOf(root: Node): Scope {
    if (root !== this.#root) {
      this.#root = root;
      this.#scope = new Scope();
      const more = Math.min(root.length * STEPS_PER_BYTE, MOST_STEPS - this.#given);
      this.#given += more;
      this.left += more;
    }
    return this.#scope;
  }

  /** Why nothing more is judged; undefined as long as there are steps left. */
  spent(): string | undefined {
    return this.left > 0 ? undefined : `all formulas together took ${this.#given} steps`;
  }
}

const runs = new WeakMap<object, Run>();

/** The run over one input, which whoever judges it names by an object of its own. */
export const runOver = (input: object | undefined): Run => {
  if (input === undefined) return new Run();
  const known = runs.get(input);
  if (known !== undefined) return known;
  const made = new Run();
  runs.set(input, made);
  return made;
};
