import { createHash } from 'node:crypto';

/** What can be said of bytes whose layout nobody knows. */
export interface OpaqueSummary {
  readonly bytes: number;
  /** Of all bytes, as 64 hex digits. */
  readonly sha256: string;
  /** Of all bytes, in bits for each byte: 0 for one value, 8 for random or encrypted content. */
  readonly entropy: number;
  /** In order, without gaps, all of one length but the last; at most 64. */
  readonly regions: readonly OpaqueRegion[];
  /** Stretches of one byte value, in steps of eight bytes. */
  readonly runs: {
    readonly count: number;
    readonly bytes: number;
    readonly longest: OpaqueRun | undefined;
  };
  /** Aligned eight-byte words that may be kernel addresses of the source host. */
  readonly kernelPointers: {
    readonly count: number;
    /** Offsets of the first few. */
    readonly offsets: readonly number[];
  };
}

export interface OpaqueRegion {
  readonly offset: number;
  readonly length: number;
  readonly entropy: number;
}

export interface OpaqueRun {
  readonly offset: number;
  readonly length: number;
  readonly byte: number;
}

export interface OpaqueAnalysis {
  /** The next bytes; borrowed until the call returns. Any chunking gives the same summary. */
  add(bytes: Uint8Array): void;
  /** Of what was added so far; more may be added afterwards. */
  result(): OpaqueSummary;
}

const BLOCK = 1 << 16;
const MOST_REGIONS = 64;
const SHORTEST_RUN = 4096;
const MOST_OFFSETS = 16;

/** Upper half of the lowest kernel address of a 64-bit host: linux Documentation/arch/x86/x86_64/mm.rst. */
const KERNEL_SPACE = 0xffff8000;
/** Words from here up are small negative numbers and error pointers, not addresses. */
const NOT_ADDRESSES = 0xff000000;

/** One entry more than byte values, for a word that is not one byte repeated. */
const MIXED = -1;

export const analyse = (): OpaqueAnalysis => new Analysis();

/** Byte counts of one stretch. */
interface Histogram {
  readonly counts: Float64Array;
  length: number;
}

class Analysis implements OpaqueAnalysis {
  // Asked for here and not imported: loading it costs 5 ms that only an opaque state needs.
  readonly #hash = createHash('sha256');
  #bytes = 0;
  /** Bytes behind the last whole word; fewer than eight. */
  readonly #rest = new Uint8Array(8);
  #resting = 0;
  readonly #regions: Histogram[] = [];
  #regionSize = BLOCK;
  /** Counts of the block being filled, apart for each place in a word so that additions do not wait. */
  readonly #block = new Uint32Array(4 * 256);
  #blockLength = 0;
  /** The byte that the last words repeated, and where that began. */
  #runByte = MIXED;
  #runStart = 0;
  #runs = 0;
  #runBytes = 0;
  #longest: OpaqueRun | undefined;
  #pointers = 0;
  readonly #offsets: number[] = [];

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    let at = 0;
    if (this.#resting > 0) {
      at = Math.min(8 - this.#resting, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#resting);
      this.#resting += at;
      if (this.#resting < 8) return;
      this.#resting = 0;
      this.#words(this.#rest, 0, 8);
    }
    const whole = bytes.length - ((bytes.length - at) % 8);
    while (at < whole) {
      const step = Math.min(whole - at, BLOCK - this.#blockLength);
      this.#words(bytes, at, at + step);
      at += step;
    }
    this.#rest.set(bytes.subarray(whole), 0);
    this.#resting = bytes.length - whole;
  }

  result(): OpaqueSummary {
    const regions = this.#withBlock();
    const longest = this.#longestWith(this.#openRun());
    const run = this.#openRun();
    return {
      bytes: this.#bytes + this.#resting,
      sha256: this.#hash.copy().digest('hex'),
      entropy: entropyOf(regions.reduce(together, { counts: new Float64Array(256), length: 0 })),
      regions: regions.map((region, index) => ({
        offset: index * this.#regionSize,
        length: region.length,
        entropy: entropyOf(region),
      })),
      runs: {
        count: this.#runs + (run === undefined ? 0 : 1),
        bytes: this.#runBytes + (run?.length ?? 0),
        longest,
      },
      kernelPointers: { count: this.#pointers, offsets: [...this.#offsets] },
    };
  }

  /** Whole words that lie in one block. */
  #words(bytes: Uint8Array, from: number, to: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const counts = this.#block;
    const base = this.#bytes - from;
    let runByte = this.#runByte;
    for (let at = from; at < to; at += 8) {
      const low = view.getUint32(at, true);
      const high = view.getUint32(at + 4, true);
      if (high >= KERNEL_SPACE && !(high === 0xffffffff && low >= NOT_ADDRESSES)) {
        this.#pointers += 1;
        if (this.#offsets.length < MOST_OFFSETS) this.#offsets.push(base + at);
      }
      count(counts, low);
      count(counts, high);
      const byte =
        low === high && low === Math.imul(low & 0xff, 0x01010101) >>> 0 ? low & 0xff : MIXED;
      if (byte === runByte) continue;
      if (runByte !== MIXED) this.#closeRun(runByte, base + at);
      runByte = byte;
      this.#runStart = base + at;
    }
    this.#runByte = runByte;
    this.#bytes += to - from;
    this.#blockLength += to - from;
    if (this.#blockLength === BLOCK) this.#closeBlock();
  }

  #closeRun(byte: number, end: number): void {
    const length = end - this.#runStart;
    if (length < SHORTEST_RUN) return;
    this.#runs += 1;
    this.#runBytes += length;
    this.#longest = this.#longestWith({ offset: this.#runStart, length, byte });
  }

  /** The run that the last words belong to, when it is long enough to count. */
  #openRun(): OpaqueRun | undefined {
    const length = this.#bytes - this.#runStart;
    return this.#runByte === MIXED || length < SHORTEST_RUN
      ? undefined
      : { offset: this.#runStart, length, byte: this.#runByte };
  }

  #longestWith(run: OpaqueRun | undefined): OpaqueRun | undefined {
    return run !== undefined && run.length > (this.#longest?.length ?? 0) ? run : this.#longest;
  }

  #closeBlock(): void {
    const block = this.#takeBlock();
    const last = this.#regions.at(-1);
    if (last !== undefined && last.length < this.#regionSize) {
      this.#regions[this.#regions.length - 1] = together(last, block);
    } else {
      this.#regions.push(block);
    }
    this.#block.fill(0);
    this.#blockLength = 0;
    if (this.#regions.length === MOST_REGIONS && this.#full()) this.#double();
  }

  #full(): boolean {
    return this.#regions.at(-1)?.length === this.#regionSize;
  }

  /** Regions of twice the length, half as many. */
  #double(): void {
    for (let index = 0; index < MOST_REGIONS / 2; index += 1) {
      const [first, second] = this.#regions.slice(2 * index, 2 * index + 2);
      if (first !== undefined && second !== undefined) {
        this.#regions[index] = together(first, second);
      }
    }
    this.#regions.length = MOST_REGIONS / 2;
    this.#regionSize *= 2;
  }

  #takeBlock(): Histogram {
    const counts = new Float64Array(256);
    for (let index = 0; index < this.#block.length; index += 1) {
      const byte = index & 0xff;
      counts[byte] = (counts[byte] ?? 0) + (this.#block[index] ?? 0);
    }
    return { counts, length: this.#blockLength };
  }

  /** The regions with the block that is still being filled, and the bytes behind the last word. */
  #withBlock(): readonly Histogram[] {
    const open = this.#takeBlock();
    for (const byte of this.#rest.subarray(0, this.#resting)) {
      open.counts[byte] = (open.counts[byte] ?? 0) + 1;
      open.length += 1;
    }
    if (open.length === 0) return this.#regions;
    const last = this.#regions.at(-1);
    return last !== undefined && last.length < this.#regionSize
      ? [...this.#regions.slice(0, -1), together(last, open)]
      : [...this.#regions, open];
  }
}

const count = (counts: Uint32Array, word: number): void => {
  const first = word & 0xff;
  const second = 256 + ((word >>> 8) & 0xff);
  const third = 512 + ((word >>> 16) & 0xff);
  const fourth = 768 + (word >>> 24);
  counts[first] = (counts[first] ?? 0) + 1;
  counts[second] = (counts[second] ?? 0) + 1;
  counts[third] = (counts[third] ?? 0) + 1;
  counts[fourth] = (counts[fourth] ?? 0) + 1;
};

const together = (one: Histogram, other: Histogram): Histogram => ({
  counts: one.counts.map((counted, byte) => counted + (other.counts[byte] ?? 0)),
  length: one.length + other.length,
});

/** Shannon entropy in bits for each byte, to two decimals so that reports do not depend on rounding. */
const entropyOf = ({ counts, length }: Histogram): number => {
  let bits = 0;
  for (const counted of counts) {
    if (counted > 0) bits -= (counted / length) * Math.log2(counted / length);
  }
  return Math.round(Math.max(bits, 0) * 100) / 100;
};
