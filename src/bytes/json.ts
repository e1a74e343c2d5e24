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
  /** Bytes of one string. */
  readonly run: number;
  /** The one name whose strings may be longer, and how long. */
  readonly long?: { readonly name: string; readonly run: number };
}

/** Bytes of a number, and of white space, between two marks of punctuation. */
const MOST_BETWEEN = 4096;
/** Bytes outside of strings: so many in any case, and so many more for each value. */
const ALWAYS_BETWEEN = 1 << 20;
const BETWEEN_PER_VALUE = 256;

/** JSON that is not taken: what a subject has, in one line without it, such as `is not JSON`. */
export class JsonError extends Error {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a byte outside of strings is. */
const mark = { none: 0, plain: 1, quote: 2, comma: 3, colon: 4, object: 5, array: 6, close: 7 };

const markOf = (byte: number): number => {
  const character = String.fromCharCode(byte);
  if (character === '"') return mark.quote;
  if (character === ',') return mark.comma;
  if (character === ':') return mark.colon;
  if (character === '{') return mark.object;
  if (character === '[') return mark.array;
  if (character === '}' || character === ']') return mark.close;
  // Numbers, white space, the letters of `true`, `false` and `null`, and a byte order mark.
  return /[\d\t\n\r +.Ea-z\u00bb\u00bf\u00ef-]/u.test(character) ? mark.plain : mark.none;
};

const marks = Uint8Array.from({ length: 256 }, (_, byte) => markOf(byte));

/** Counts JSON that comes in blocks, and throws `JsonError` where it has more than it may. */
export class JsonMeter {
  readonly #limits: JsonLimits;
  #bytes = 0;
  #values = 0;
  /** Bytes outside of strings that are no marks. */
  #between = 0;
  /** Each bracket that is open, with the commas in it. */
  readonly #open: { readonly isList: boolean; commas: number }[] = [];
  /** A string is open; then whether a backslash stands before the next byte. */
  #inText = false;
  #escaped = false;
  /** Whether the string that is open is the value of the name that may be long. */
  #long = false;
  /** The string that is open, as far as it can be the name that may be long; whether the last one was. */
  #text = '';
  #named = false;
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
        const from = at;
        at = this.#pass(block, at);
        this.#remember(block, from, at);
        this.#measure(at, last, this.#long ? this.#limits.long?.run : this.#limits.run);
        if (!this.#inText) last = at;
        continue;
      }
      const from = at;
      const most = Math.min(this.#limits.run, MOST_BETWEEN);
      const stop = Math.min(block.length, last + most + 1);
      while (at < stop && marks[block[at] ?? 0] === mark.plain) at += 1;
      this.#measure(at, last, most);
      this.#between += at - from;
      if (this.#between > ALWAYS_BETWEEN + this.#values * BETWEEN_PER_VALUE) {
        const values = `${this.#values} values`;
        throw new JsonError(`has ${this.#between} bytes outside of strings for ${values}`);
      }
      if (at === block.length) break;
      const found = marks[block[at] ?? 0] ?? mark.none;
      if (found === mark.none) {
        throw new JsonError(`is not JSON: byte ${this.#bytes + at} belongs to no value`);
      }
      this.#mark(found, this.#bytes + at);
      at += 1;
      last = at;
    }
    this.#run = block.length - last;
    this.#bytes += block.length;
  }

  #measure(at: number, last: number, most = 0): void {
    if (at - last <= most) return;
    throw new JsonError(`has more than ${most} bytes without an end at byte ${this.#bytes + last}`);
  }

  /** Tells whether a string is the name that may be long; of one in several blocks its beginning is kept. */
  #remember(block: Uint8Array, from: number, to: number): void {
    const name = this.#limits.long?.name;
    if (name === undefined) return;
    const end = this.#inText ? to : to - 1;
    if (this.#text === '' && !this.#inText && end - from !== name.length) {
      this.#named = false;
      return;
    }
    if (this.#text.length <= name.length) {
      const part = block.subarray(from, Math.min(end, from + name.length + 1));
      this.#text += String.fromCharCode(...part);
    }
    this.#named = this.#text === name;
  }

  /** Goes behind the quote that ends a string, or to the end of the block. */
  #pass(block: Uint8Array, from: number): number {
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

  #mark(found: number, at: number): void {
    const { depth, values, members, elements } = this.#limits;
    const open = this.#open;
    if (found === mark.quote) {
      this.#inText = true;
      this.#text = '';
      return;
    }
    this.#long = found === mark.colon && this.#named;
    if (found === mark.colon) return;
    if (found === mark.close) {
      open.pop();
      return;
    }
    if (found === mark.comma) {
      const inner = open.at(-1);
      if (inner !== undefined) {
        inner.commas += 1;
        const most = inner.isList ? elements : members;
        if (inner.commas >= most) {
          const what = inner.isList ? 'elements in one list' : 'members in one object';
          throw new JsonError(`has more than ${most} ${what} at byte ${at}`);
        }
      }
    } else {
      open.push({ isList: found === mark.array, commas: 0 });
      if (open.length > depth) {
        throw new JsonError(`nests more than ${depth} levels at byte ${at}`);
      }
    }
    this.#values += 1;
    if (this.#values > values) throw new JsonError(`has more than ${values} values`);
  }
}

/** All bytes of JSON that comes in blocks, counted while they come: behind too much no more is asked for. */
export const measuredJson = (blocks: Iterable<Uint8Array>, limits: JsonLimits): Uint8Array => {
  const meter = new JsonMeter(limits);
  const kept: Uint8Array[] = [];
  for (const block of blocks) {
    meter.push(block);
    kept.push(block);
  }
  return Buffer.concat(kept);
};

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
