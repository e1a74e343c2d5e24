/** Bytes being written, big-endian, given away in blocks as they come together. */
export class Output {
  #bytes = new Uint8Array(1 << 12);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Offset in the stream of the first byte at hand. */
  #base: number;

  constructor(start: number) {
    this.#base = start;
  }

  /** Offset in the file of the next byte. */
  get position(): number {
    return this.#base + this.#at;
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  u16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  u64(value: bigint): void {
    this.#room(8);
    this.#view.setBigUint64(this.#at, value);
    this.#at += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  zeros(count: number): void {
    this.#room(count);
    this.#bytes.fill(0, this.#at, this.#at + count);
    this.#at += count;
  }

  /** One byte for each character. */
  text(text: string): void {
    this.#room(text.length);
    for (let index = 0; index < text.length; index += 1) {
      this.#bytes[this.#at + index] = text.charCodeAt(index);
    }
    this.#at += text.length;
  }

  /** A text with its length in one byte before it. */
  counted(text: string): void {
    this.u8(text.length);
    this.text(text);
  }

  /** Gives the bytes at hand away when they are more than `above`. */
  *blocks(above: number): Generator<Uint8Array> {
    if (this.#at <= above) return;
    yield this.#bytes.slice(0, this.#at);
    this.#base += this.#at;
    this.#at = 0;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
