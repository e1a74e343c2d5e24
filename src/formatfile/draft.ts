import type { Draft } from '../layout/draft.ts';
import { Mistake, type KeyPath } from './error.ts';
import { isMapping } from './keys.ts';

/** A draft as a format file writes it: bytes are `{ hex: … }`, or `{ zeros: N }`. Throws `Mistake`. */
export const readDraft = (given: unknown, path: KeyPath): Draft => {
  if (typeof given === 'bigint' || typeof given === 'string') return given;
  if (Array.isArray(given)) return given.map((item, index) => readDraft(item, [...path, index]));
  if (!isMapping(given)) {
    throw new Mistake(path, 'not a value of a draft', 'numbers, text, lists, mappings, { hex: … }');
  }
  const { hex, zeros } = given;
  if (Object.keys(given).length === 1) {
    if (typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/iu.test(hex)) {
      return new Uint8Array(Buffer.from(hex, 'hex'));
    }
    if (hex !== undefined) {
      throw new Mistake([...path, 'hex'], 'not bytes in hexadecimal', 'write them in quotes');
    }
    if (typeof zeros === 'bigint' && zeros <= 1n << 20n) return new Uint8Array(Number(zeros));
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, readDraft(value, [...path, name])]),
  );
};
