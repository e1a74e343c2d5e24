/** Bytes that were taken and wait to be released, in order; offsets are those of the input. */
export class Held {
  readonly #write: (pieces: readonly Uint8Array[]) => void;
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #released = 0;

  constructor(write: (pieces: readonly Uint8Array[]) => void) {
    this.#write = write;
  }

  /** Bytes that were released: the offset of the first that waits. */
  get released(): number {
    return this.#released;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get taken(): number {
    return this.#released + this.#waiting;
  }

  pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /** The first bytes that wait, at most `count` of them. */
  head(count: number): Uint8Array {
    return Buffer.concat(this.#pieces, Math.min(count, this.#waiting));
  }

  /** Keeps a copy of the bytes. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // A copy, which `slice` of a Buffer is not.
    this.#pieces.push(new Uint8Array(bytes));
    this.#waiting += bytes.length;
  }

  /** Takes a block behind what waits, writes everything before `offset`, and keeps the rest. */
  release(block: Uint8Array, offset: number): void {
    const out: Uint8Array[] = [];
    let count = 0;
    for (const piece of this.#pieces) {
      const room = Math.max(offset - this.#released, 0);
      if (room < piece.length) {
        if (room > 0) {
          out.push(piece.subarray(0, room));
          this.#pieces[count] = piece.subarray(room);
          this.#let(room);
        }
        break;
      }
      out.push(piece);
      this.#let(piece.length);
      count += 1;
    }
    if (count > 0) this.#pieces.splice(0, count);
    const room = Math.max(offset - this.#released, 0);
    const here = this.#waiting > 0 ? 0 : Math.min(room, block.length);
    if (here > 0) out.push(block.subarray(0, here));
    this.#released += here;
    this.add(block.subarray(here));
    if (out.length > 0) this.#write(out);
  }

  #let(count: number): void {
    this.#released += count;
    this.#waiting -= count;
  }
}
