import type { Range } from './range.ts';

/**
 * Where the bytes of a gathered device state lie in the file that the user gave.
 *
 * Device data is scattered over many records of a migration stream; appended in stream order, each
 * run maps a stretch of the state to a stretch of the file. Adjacent runs are merged. At most
 * `limit` runs are kept: the oldest go first, so a map never grows with a hostile stream.
 */
export class Extents {
  /** Start of each run in the state, ascending. */
  #starts: number[] = [];
  #offsets: number[] = [];
  /** Runs that the file holds as base64, four characters for three bytes. */
  #packed: boolean[] = [];
  #end = 0;
  readonly #limit: number;

  constructor(limit = 1 << 16) {
    this.#limit = limit;
  }

  /** Bytes mapped so far; the next run begins here. */
  get length(): number {
    return this.#end;
  }

  /** Maps the next `length` bytes of the state to the file at `offset`. */
  append(offset: number, length: number, packed = false): void {
    if (length === 0) return;
    const last = this.#starts.length - 1;
    const start = this.#starts[last];
    const base = this.#offsets[last];
    const same =
      start !== undefined &&
      base !== undefined &&
      this.#packed[last] === packed &&
      (!packed || (this.#end - start) % 3 === 0) &&
      base + span(this.#end - start, packed) === offset;
    if (!same) {
      if (this.#starts.length >= this.#limit) this.#drop(this.#limit >> 1);
      this.#starts.push(this.#end);
      this.#offsets.push(offset);
      this.#packed.push(packed);
    }
    this.#end += length;
  }

  /** Forgets runs that end at or before `start`; nothing before it can be located any more. */
  forget(start: number): void {
    const keep = this.#find(start);
    if (keep > 64) this.#drop(keep);
  }

  /** The file offset of one byte of the state; undefined when it was never mapped or is forgotten. */
  locate(start: number): number | undefined {
    const index = this.#find(start);
    const from = this.#starts[index];
    const offset = this.#offsets[index];
    if (from === undefined || offset === undefined || start < from || start > this.#end) {
      return undefined;
    }
    const within = start - from;
    return this.#packed[index] === true
      ? offset + Math.floor(within / 3) * 4 + (within % 3)
      : offset + within;
  }

  /** The file ranges of a stretch of the state, in state order; at most `most` of them. */
  ranges(start: number, length: number, most = 16): readonly Range[] {
    const found: Range[] = [];
    let at = start;
    const end = Math.min(start + length, this.#end);
    if (length === 0 || at >= this.#end) {
      const offset = this.locate(Math.min(at, this.#end));
      return offset === undefined ? [] : [{ offset, length: 0 }];
    }
    for (let index = this.#find(at); index < this.#starts.length && at < end; index += 1) {
      const offset = this.locate(at);
      if (offset === undefined || found.length >= most) break;
      const next = Math.min(this.#starts[index + 1] ?? this.#end, end);
      // Of base64, the characters that carry any bit of the bytes.
      const last = this.#packed[index] === true ? this.locate(next - 1) : undefined;
      const size = last === undefined ? next - at : last + 2 - offset;
      found.push({ offset, length: size });
      at = next;
    }
    return found;
  }

  #drop(count: number): void {
    this.#starts = this.#starts.slice(count);
    this.#offsets = this.#offsets.slice(count);
    this.#packed = this.#packed.slice(count);
  }

  /** Index of the run that holds `start`; 0 when it lies before the first. */
  #find(start: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? Infinity) <= start) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }
}

/** Bytes in the file that a run of `length` bytes takes. */
const span = (length: number, packed: boolean): number =>
  packed ? Math.ceil(length / 3) * 4 : length;
