import type { ReadAt } from '../bytes/source.ts';

/** Bytes that are handed on at once; few enough to be held, many enough for the system call. */
const BLOCK = 1 << 20;

interface Segment {
  readonly start: number;
  readonly length: number;
  readonly read: ReadAt;
}

/**
 * Bytes put together from pieces that lie somewhere else: in memory, in a file, in another rope.
 * Nothing is copied before it is read, so a container of any size is rewritten in bounded memory.
 */
export class Rope {
  readonly #segments: Segment[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Uint8Array): this {
    return this.addFrom(
      (offset, length) => bytes.subarray(offset, offset + length),
      0,
      bytes.length,
    );
  }

  /** Adds `length` bytes that `read` finds at `offset`. */
  addFrom(read: ReadAt, offset: number, length: number): this {
    if (length === 0) return this;
    this.#segments.push({
      start: this.#length,
      length,
      read: (at, count) => read(offset + at, count),
    });
    this.#length += length;
    return this;
  }

  /** Up to `length` bytes at `offset`; fewer only at the end. */
  readonly read: ReadAt = (offset, length) => {
    const end = Math.min(offset + length, this.#length);
    const out = new Uint8Array(Math.max(end - offset, 0));
    let at = offset;
    for (let index = this.#find(offset); at < end; index += 1) {
      const segment = this.#segments[index];
      if (segment === undefined) break;
      const from = at - segment.start;
      const count = Math.min(segment.length - from, end - at);
      out.set(exactly(segment.read(from, count), count), at - offset);
      at += count;
    }
    return out;
  };

  *blocks(): Generator<Uint8Array> {
    for (let at = 0; at < this.#length; at += BLOCK) yield this.read(at, BLOCK);
  }

  /** All bytes; for ropes that are known to be short. */
  bytes(): Uint8Array {
    return this.read(0, this.#length);
  }

  #find(offset: number): number {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle]?.start ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }
}

const exactly = (bytes: Uint8Array, count: number): Uint8Array => {
  if (bytes.length === count) return bytes;
  throw new Error(`a piece gave ${bytes.length} of ${count} bytes: its file changed meanwhile`);
};

export const ropeOf = (bytes: Uint8Array): Rope => new Rope().add(bytes);

/** The base64 text of `length` bytes, as something that is read at any place. */
export const packed = (read: ReadAt, length: number): { read: ReadAt; length: number } => ({
  length: Math.ceil(length / 3) * 4,
  read: (offset, count) => {
    const first = Math.floor(offset / 4);
    const last = Math.ceil((offset + count) / 4);
    const bytes = read(first * 3, Math.min((last - first) * 3, length - first * 3));
    const text = Buffer.from(bytes).toString('base64');
    return Buffer.from(text.slice(offset - first * 4, offset - first * 4 + count), 'latin1');
  },
});

/** One replacement in a file: `remove` bytes at `offset` give way to `insert`. */
export interface Edit {
  readonly offset: number;
  readonly remove: number;
  readonly insert: Rope;
}

/** A file with edits, which are in order and do not overlap. */
export const edited = (read: ReadAt, size: number, edits: readonly Edit[]): Rope => {
  const out = new Rope();
  let at = 0;
  for (const { offset, remove, insert } of edits) {
    out.addFrom(read, at, offset - at);
    out.addFrom(insert.read, 0, insert.length);
    at = offset + remove;
  }
  return out.addFrom(read, at, size - at);
};
