import type { Draft } from '../../src/layout/draft.ts';
import { build } from '../../src/layout/build.ts';
import type { Format } from '../../src/formats/format.ts';

/** Built streams of one folder of `corpus/`, by file name. */
export type Streams = Readonly<Record<string, Uint8Array>>;

export const written =
  (format: Format) =>
  (draft: Draft): Uint8Array =>
    build(format.layout, draft).bytes;

/** The bytes with some of them overwritten. */
export const patched = (
  bytes: Uint8Array,
  at: number,
  ...values: readonly number[]
): Uint8Array => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};

export const joined = (...pieces: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(pieces.flatMap((piece) => [...piece]));

export const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

/** Bytes without a pattern, the same in every run (xorshift32). */
export const noise = (length: number, seed = 0x2545f491): Uint8Array => {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
};
