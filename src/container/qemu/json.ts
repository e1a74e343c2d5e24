/**
 * A reader of JSON text that builds nothing.
 *
 * The description behind a migration stream may be 32 MiB of hostile text, and a tree of it ten
 * times that; the walker wants a few numbers out of it. The reader goes over the bytes once, the
 * caller picks values by key, and everything else is skipped. After a grammar error `failed` is set
 * and every call does nothing, so that callers need not check each step.
 */
export class JsonReader {
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when nothing but white space is left and no error was met. */
  finished(): boolean {
    this.#space();
    return !this.failed && this.#at === this.#bytes.length;
  }

  /** Calls `each` for every key; `each` must consume the value, by `skip` if by nothing else. */
  object(each: (key: string) => void): void {
    this.#items(0x7b, 0x7d, () => {
      const key = this.text();
      this.#space();
      this.#expect(0x3a);
      if (!this.failed) each(key);
    });
  }

  array(each: () => void): void {
    this.#items(0x5b, 0x5d, each);
  }

  /** A string as its first 256 bytes stand there; escapes are not resolved. */
  text(): string {
    this.#space();
    const start = this.#at + 1;
    const length = this.#string();
    if (this.failed) return '';
    let text = '';
    for (let index = start; index < start + Math.min(length, 256); index += 1) {
      text += String.fromCharCode(this.#bytes[index] ?? 0);
    }
    return text;
  }

  /** A non-negative integer, or undefined for any other value. */
  integer(): number | undefined {
    this.#space();
    const start = this.#at;
    this.skip();
    let value = 0;
    for (let index = start; index < this.#at; index += 1) {
      const digit = (this.#bytes[index] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) return undefined;
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) return undefined;
    }
    return this.failed || this.#at === start ? undefined : value;
  }

  /** What kind of value comes next, by its first byte. */
  peek(): 'object' | 'array' | 'other' {
    this.#space();
    const byte = this.#bytes[this.#at];
    return byte === 0x7b ? 'object' : byte === 0x5b ? 'array' : 'other';
  }

  /** Passes over one value of any kind and depth. */
  skip(): void {
    this.#space();
    const byte = this.#bytes[this.#at];
    if (this.failed) return;
    if (byte === 0x22) this.#string();
    else if (byte === 0x7b) this.object(() => this.skip());
    else if (byte === 0x5b) this.array(() => this.skip());
    else this.#word();
  }

  #items(opens: number, closes: number, each: () => void): void {
    this.#space();
    this.#expect(opens);
    if (this.#depth >= 64) this.failed = true;
    this.#depth += 1;
    this.#space();
    if (this.#bytes[this.#at] === closes) this.#at += 1;
    else {
      while (!this.failed) {
        each();
        this.#space();
        const byte = this.#bytes[this.#at];
        this.#at += 1;
        if (byte === closes) break;
        if (byte !== 0x2c) this.failed = true;
      }
    }
    this.#depth -= 1;
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at] === byte) this.#at += 1;
    else this.failed = true;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  /** Passes over a string and gives its length in bytes. */
  #string(): number {
    this.#expect(0x22);
    const start = this.#at;
    while (!this.failed) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < 0x20) this.failed = true;
      else if (byte === 0x22) {
        this.#at += 1;
        return this.#at - 1 - start;
      } else this.#at += byte === 0x5c ? 2 : 1;
    }
    return 0;
  }

  /** Passes over a number, `true`, `false` or `null`. */
  #word(): void {
    const start = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at] ?? 0;
      const letter = (byte >= 0x61 && byte <= 0x7a) || byte === 0x45;
      const digit = (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d;
      if (!letter && !digit && byte !== 0x2e) break;
      this.#at += 1;
    }
    if (this.#at === start) this.failed = true;
  }
}
