/**
 * Pseudo-random numbers that one seed repeats for ever: xoshiro128** (Blackman and Vigna), seeded
 * through splitmix32. Not for secrets. `split` gives the stream of a round or a batch, which does
 * not depend on what was drawn before.
 */
export class Random {
  readonly #key: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    this.#key = seed >>> 0;
    let state = this.#key;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      return mix(state);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A stream of its own for these numbers: `random.split(round, batch)`. */
  split(...keys: readonly number[]): Random {
    let key = this.#key;
    for (const each of keys) key = mix((key ^ mix(each + 0x6a09e667)) + 0x9e3779b9);
    return new Random(key);
  }

  /** 32 random bits. */
  next(): number {
    const rotated = Math.imul(this.#b, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** An integer from 0 up to `limit` − 1; 0 when there is none. */
  below(limit: number): number {
    return limit <= 1 ? 0 : Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** True once in `times`, on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }

  /** 64 random bits. */
  bits64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }

  bytes(length: number): Uint8Array {
    const drawn = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) drawn[at] = this.next() >>> 24;
    return drawn;
  }
}

const mix = (value: number): number => {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return mixed ^ (mixed >>> 15);
};
