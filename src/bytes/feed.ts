const nothing = new Uint8Array(0);

/**
 * The bytes a fed parser stands on.
 *
 * Blocks are pushed in; the parser, a generator, asks for contiguous bytes with `need` and is
 * suspended while they are missing. A block is borrowed during `push` and copied only as far as
 * a piece straddles two blocks, so walking large payloads costs no copy.
 *
 * ```ts
 * function* parse(feed: Feed) {
 *   if (!(yield* feed.need(4))) return;         // the input ended
 *   const magic = feed.view.getUint32(feed.at);
 *   feed.take(4);
 *   yield* feed.skip(1e9);                      // never held
 * }
 * ```
 */
export class Feed {
  /** The bytes at hand; those from `at` to `end` are not consumed yet. */
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);
  at = 0;
  end = 0;
  /** Offset of `bytes[0]` in the whole input. */
  #base: number;
  /** Set when `bytes` is our own buffer and may be appended to. */
  #own = false;
  /** What was last used as `bytes`; readers hand in the same object again and again. */
  #used: Uint8Array = nothing;
  #ended = false;
  #passing = 0;

  /** `start` is the offset of the first byte that will be pushed. */
  constructor(start = 0) {
    this.#base = start;
  }

  /** Offset in the input of the next byte. */
  get position(): number {
    return this.#base + this.at;
  }

  get available(): number {
    return this.end - this.at;
  }

  /** No more bytes will come; those at hand are the last. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Offset in the input behind the last byte that was pushed. */
  get reach(): number {
    return this.#base + this.end;
  }

  /** Bytes behind those at hand that will be passed over, whatever they are. */
  get passing(): number {
    return this.#passing;
  }

  /** Stands for a push of `count` bytes, at most `passing`, that nobody has to read. */
  passOver(count: number): void {
    this.#base += count;
  }

  /** Adds a block behind the bytes at hand; it is borrowed until the next `settle`. */
  push(block: Uint8Array): void {
    const rest = this.end - this.at;
    if (rest === 0) {
      this.#base += this.end;
      this.#use(block, 0, block.length, false);
      return;
    }
    if (this.#own && this.bytes.length - this.end >= block.length) {
      this.bytes.set(block, this.end);
      this.end += block.length;
      return;
    }
    const grown = new Uint8Array(Math.max(rest + block.length, Math.min(rest * 2, 1 << 26)));
    grown.set(this.bytes.subarray(this.at, this.end));
    grown.set(block, rest);
    this.#base += this.at;
    this.#use(grown, 0, rest + block.length, true);
  }

  /** Copies what is left of a borrowed block: its owner may now overwrite it. */
  settle(): void {
    if (this.#own) return;
    this.#base += this.at;
    if (this.at === this.end) {
      this.at = 0;
      this.end = 0;
      return;
    }
    const rest = this.bytes.slice(this.at, this.end);
    this.#use(rest, 0, rest.length, true);
  }

  finish(): void {
    this.#ended = true;
  }

  /** Suspends until `count` contiguous bytes are at `at`; false when the input ends before. */
  *need(count: number): Generator<void, boolean, void> {
    while (this.end - this.at < count) {
      if (this.#ended) return false;
      yield;
    }
    return true;
  }

  take(count: number): void {
    this.at += count;
  }

  /** Consumes up to `count` bytes without holding them; gives how many there were. */
  *skip(count: number): Generator<void, number, void> {
    const from = this.position;
    for (;;) {
      const left = count - (this.position - from);
      const step = Math.min(left, this.end - this.at);
      this.at += step;
      if (step === left || (this.#ended && this.at === this.end)) return this.position - from;
      this.#passing = left - step;
      yield;
      this.#passing = 0;
    }
  }

  /** A copy of the next `count` bytes, or of as many as are at hand. */
  peek(count: number): Uint8Array {
    return this.bytes.slice(this.at, Math.min(this.at + count, this.end));
  }

  #use(block: Uint8Array, at: number, end: number, own: boolean): void {
    if (block !== this.#used) {
      const { buffer, byteOffset, byteLength } = block;
      this.#used = block;
      // A Buffer must not get in here: its `slice` is a view of memory that its owner will overwrite.
      this.bytes = new Uint8Array(buffer, byteOffset, byteLength);
      this.view = new DataView(buffer, byteOffset, byteLength);
    }
    this.at = at;
    this.end = end;
    this.#own = own;
  }
}
