import type { ReadAt } from '../bytes/source.ts';

/** A stretch of a device state and where it lies in the file, as it is or as base64. */
export interface Run {
  /** Offset in the state. */
  readonly start: number;
  /** Offset in the file. */
  readonly offset: number;
  /** Bytes of the state. */
  readonly length: number;
  readonly packed: boolean;
}

/** Bytes in the file that a run takes. */
export const spanOf = ({ length, packed }: Run): number =>
  packed ? Math.ceil(length / 3) * 4 : length;

/** More records than any writer makes; what lies behind the limit belongs to the container. */
const MOST_RUNS = 1 << 20;

/** Where all bytes of one device's state lie, in the order of the state. */
export class Runs {
  readonly list: Run[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds the next bytes of the state; false when there are too many places already. */
  add(offset: number, length: number, packed: boolean): boolean {
    const last = this.list.at(-1);
    if (
      last?.packed === packed &&
      last.offset + spanOf(last) === offset &&
      (!packed || last.length % 3 === 0)
    ) {
      this.list[this.list.length - 1] = { ...last, length: last.length + length };
    } else if (this.list.length >= MOST_RUNS) {
      return false;
    } else {
      this.list.push({ start: this.#length, offset, length, packed });
    }
    this.#length += length;
    return true;
  }

  /** Bytes of the state, read from the file. */
  reader(file: ReadAt): ReadAt {
    return (start, length) => {
      const end = Math.min(start + length, this.#length);
      const out = new Uint8Array(Math.max(end - start, 0));
      let at = start;
      for (let index = this.#find(start); at < end; index += 1) {
        const run = this.list[index];
        if (run === undefined) break;
        const count = Math.min(run.start + run.length, end) - at;
        out.set(bytesOf(file, run, at - run.start, count), at - start);
        at += count;
      }
      return out;
    };
  }

  /** The place in the file of one byte of the state. */
  locate(start: number): number {
    const run = this.list[this.#find(start)];
    if (run === undefined) return 0;
    const within = start - run.start;
    return run.offset + (run.packed ? Math.floor(within / 3) * 4 + (within % 3) : within);
  }

  #find(start: number): number {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.list[middle]?.start ?? Infinity) <= start) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }
}

const bytesOf = (file: ReadAt, run: Run, from: number, count: number): Uint8Array => {
  if (!run.packed) return file(run.offset + from, count);
  const first = Math.floor(from / 3);
  const last = Math.ceil((from + count) / 3);
  const text = Buffer.from(file(run.offset + first * 4, (last - first) * 4)).toString('latin1');
  const skipped = from - first * 3;
  return Buffer.from(text, 'base64').subarray(skipped, skipped + count);
};
