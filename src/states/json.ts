import { DocumentError, documentLimits } from './document.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * Parses JSON text of unknown origin. Its size, its nesting and the number of its values are counted
 * before anything is built from it, so that a small text cannot become large in memory.
 */
export const parseJson = (text: Uint8Array): unknown => {
  if (text.length > documentLimits.text) {
    throw new DocumentError(
      `the document has ${text.length} bytes, and at most ${documentLimits.text} are read`,
    );
  }
  measure(text);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new DocumentError(`the document is not JSON: ${reason.split('\n')[0] ?? reason}`);
  }
};

/** Counts brackets and commas outside of strings. */
const measure = (text: Uint8Array): void => {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(text, at + 1);
    } else if (byte === COMMA) {
      values += 1;
    } else if (OPEN.has(byte)) {
      depth += 1;
      values += 1;
      if (depth > documentLimits.depth) {
        throw new DocumentError(
          `the document nests more than ${documentLimits.depth} levels at byte ${at}`,
        );
      }
    } else if (CLOSE.has(byte)) {
      depth -= 1;
    }
    if (values > documentLimits.values) {
      throw new DocumentError(`the document has more than ${documentLimits.values} values`);
    }
  }
};

/** Index of the quote that ends a string. */
const endOfString = (text: Uint8Array, from: number): number => {
  let at = from;
  for (;;) {
    const quote = text.indexOf(QUOTE, at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (quote - 1 - slashes >= from && text[quote - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
};
