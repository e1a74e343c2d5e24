/** What JSON text of unknown origin may have; each is counted before anything is built from it. */
export interface JsonLimits {
  /** Bytes of text. */
  readonly text: number;
  /** Brackets within brackets. */
  readonly depth: number;
  /** Values, names not counted. */
  readonly values: number;
  /** Members of one object, and elements of one list. */
  readonly members: number;
  readonly elements: number;
  /** Bytes of one string, or of what stands between two marks of punctuation. */
  readonly run: number;
}

/** JSON that is not taken: what a subject has, in one line without it, such as `is not JSON`. */
export class JsonError extends Error {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type Mark = 'plain' | 'quote' | 'comma' | 'colon' | 'object' | 'array' | 'close' | undefined;

/** What a byte outside of strings is; undefined for one that JSON has nowhere. */
const marks: readonly Mark[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (character === '"') return 'quote';
  if (character === ',') return 'comma';
  if (character === ':') return 'colon';
  if (character === '{') return 'object';
  if (character === '[') return 'array';
  if (character === '}' || character === ']') return 'close';
  // Numbers, white space, the letters of `true`, `false` and `null`, and a byte order mark.
  return /[\d\t\n\r +.Ea-z\u00bb\u00bf\u00ef-]/u.test(character) ? 'plain' : undefined;
});

/** Counts JSON that comes in blocks, and throws `JsonError` where it has more than it may. */
export class JsonMeter {
  readonly #limits: JsonLimits;
  #bytes = 0;
  #values = 0;
  /** Each bracket that is open, with the commas in it. */
  readonly #open: { readonly isList: boolean; commas: number }[] = [];
  /** A string is open; then whether a backslash stands before the next byte. */
  #inText = false;
  #escaped = false;
  /** Bytes since the last mark, of earlier blocks. */
  #run = 0;

  constructor(limits: JsonLimits) {
    this.#limits = limits;
  }

  push(block: Uint8Array): void {
    const { text } = this.#limits;
    if (this.#bytes + block.length > text) throw new JsonError(`has more than ${text} bytes`);
    let at = 0;
    /** Behind the last mark. */
    let last = -this.#run;
    while (at < block.length) {
      const wasText = this.#inText;
      if (wasText) {
        at = this.#text(block, at);
        this.#measure(at, last);
        if (!this.#inText) last = at;
        continue;
      }
      const mark = marks[block[at] ?? 0];
      if (mark === undefined) {
        throw new JsonError(`is not JSON: byte ${this.#bytes + at} belongs to no value`);
      }
      at += 1;
      if (mark === 'plain') {
        this.#measure(at, last);
      } else {
        this.#mark(mark, this.#bytes + at - 1);
        last = at;
      }
    }
    this.#run = block.length - last;
    this.#bytes += block.length;
  }

  #measure(at: number, last: number): void {
    const { run } = this.#limits;
    if (at - last <= run) return;
    throw new JsonError(`has more than ${run} bytes without an end at byte ${this.#bytes + last}`);
  }

  /** Goes behind the quote that ends a string, or to the end of the block. */
  #text(block: Uint8Array, from: number): number {
    let at = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    for (;;) {
      const quote = block.indexOf(QUOTE, at);
      const end = quote < 0 ? block.length : quote;
      let slashes = 0;
      while (end - 1 - slashes >= at && block[end - 1 - slashes] === BACKSLASH) slashes += 1;
      const odd = slashes % 2 === 1;
      if (quote < 0) {
        this.#escaped = odd;
        return end;
      }
      at = quote + 1;
      if (odd) continue;
      this.#inText = false;
      return at;
    }
  }

  #mark(mark: Exclude<Mark, 'plain' | undefined>, at: number): void {
    const { depth, values, members, elements } = this.#limits;
    const open = this.#open;
    switch (mark) {
      case 'quote':
        this.#inText = true;
        return;
      case 'colon':
        return;
      case 'close':
        open.pop();
        return;
      case 'object':
      case 'array':
        open.push({ isList: mark === 'array', commas: 0 });
        if (open.length > depth) {
          throw new JsonError(`nests more than ${depth} levels at byte ${at}`);
        }
        break;
      case 'comma': {
        const inner = open.at(-1);
        if (inner === undefined) break;
        inner.commas += 1;
        const most = inner.isList ? elements : members;
        if (inner.commas < most) break;
        const what = inner.isList ? 'elements in one list' : 'members in one object';
        throw new JsonError(`has more than ${most} ${what} at byte ${at}`);
      }
    }
    this.#values += 1;
    if (this.#values > values) throw new JsonError(`has more than ${values} values`);
  }
}

/** Parses JSON of unknown origin. Of a key that stands twice in an object the last value counts. */
export const parseJson = (text: Uint8Array, limits: JsonLimits): unknown => {
  new JsonMeter(limits).push(text);
  return parseMeasured(text);
};

/** Parses JSON that a meter has let through. */
export const parseMeasured = (text: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new JsonError(`is not JSON: ${reason.split('\n')[0] ?? reason}`);
  }
};
