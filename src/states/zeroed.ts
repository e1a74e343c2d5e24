import type { ReadAt } from '../bytes/source.ts';

/**
 * Stretches of a file that are read as zeros. A guest has millions of pages, so a stretch takes 16
 * bytes here and no object.
 */
export class Zeroed {
  #offsets = new Float64Array(1 << 10);
  #ends = new Float64Array(1 << 10);
  #count = 0;
  #sorted = true;

  add(offset: number, length: number): void {
    if (length <= 0) return;
    const last = this.#count - 1;
    if (this.#count === this.#offsets.length) {
      this.#offsets = grown(this.#offsets);
      this.#ends = grown(this.#ends);
    }
    if (last >= 0 && (this.#ends[last] ?? 0) > offset) this.#sorted = false;
    this.#offsets[this.#count] = offset;
    this.#ends[this.#count] = offset + length;
    this.#count += 1;
  }

  reader(read: ReadAt): ReadAt {
    return (offset, length) => {
      const bytes = read(offset, length);
      if (this.#count === 0) return bytes;
      this.#sort();
      const out = Uint8Array.from(bytes);
      const end = offset + out.length;
      for (let index = this.#find(offset); index < this.#count; index += 1) {
        const from = this.#offsets[index] ?? Infinity;
        if (from >= end) break;
        const to = this.#ends[index] ?? 0;
        out.fill(0, Math.max(from - offset, 0), Math.max(Math.min(to - offset, out.length), 0));
      }
      return out;
    };
  }

  /** In order and without overlaps, so that the first stretch of a place is found by halving. */
  #sort(): void {
    if (this.#sorted) return;
    const order = Array.from({ length: this.#count }, (_, index) => index).sort(
      (a, b) => (this.#offsets[a] ?? 0) - (this.#offsets[b] ?? 0),
    );
    const stretches = order.map(
      (index) => [this.#offsets[index] ?? 0, this.#ends[index] ?? 0] as const,
    );
    this.#count = 0;
    this.#sorted = true;
    for (const [offset, end] of stretches) {
      const last = this.#ends[this.#count - 1] ?? 0;
      if (this.#count > 0 && offset <= last) this.#ends[this.#count - 1] = Math.max(last, end);
      else this.add(offset, end - offset);
    }
  }

  /** The first stretch that ends behind a place. */
  #find(place: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const grown = (before: Float64Array): Float64Array<ArrayBuffer> => {
  const after = new Float64Array(before.length * 2);
  after.set(before);
  return after;
};
