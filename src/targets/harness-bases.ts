import { INPUTS_SIZE } from './harness-protocol.ts';

/** Bases beyond these are forgotten together; those that are still used are written once more. */
const KEPT_BASES = 32 << 20;
const MOST_BASES = 65_536;

/** Where the bases lie in their region of the shared file. */
export class Bases {
  readonly #places = new Map<Uint8Array, number>();
  #end = 0;
  #last: Uint8Array | undefined;
  #lastPlace = 0;
  #crowded = false;

  clear(): void {
    this.#places.clear();
    this.#end = 0;
    this.#last = undefined;
    this.#crowded = false;
  }

  /** Forgets all bases when they have become many; not while a message is written. */
  makeRoom(): void {
    if (this.#crowded || this.#end > KEPT_BASES || this.#places.size > MOST_BASES) this.clear();
  }

  /** Where the base lies, written on its first use; undefined when there is no room. */
  place(base: Uint8Array, write: (at: number) => void): number | undefined {
    if (base === this.#last) return this.#lastPlace;
    let at = this.#places.get(base);
    if (at === undefined) {
      at = this.#end;
      if (base.length > INPUTS_SIZE - at) {
        this.#crowded = true;
        return undefined;
      }
      write(at);
      this.#places.set(base, at);
      // Aligned as memory from malloc is.
      this.#end = Math.min(INPUTS_SIZE, (at + base.length + 15) & ~15);
    }
    this.#last = base;
    this.#lastPlace = at;
    return at;
  }
}
