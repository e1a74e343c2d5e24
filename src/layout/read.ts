import type { Feed } from '../bytes/feed.ts';
import type { UintLayout } from './types.ts';

/** The number at the feed's place; its bytes are at hand. */
export const readUint = (feed: Feed, { bits, little }: UintLayout): bigint => {
  const { view, at } = feed;
  switch (bits) {
    case 8:
      return BigInt(view.getUint8(at));
    case 16:
      return BigInt(view.getUint16(at, little));
    case 32:
      return BigInt(view.getUint32(at, little));
    case 64:
      return view.getBigUint64(at, little);
    default: {
      let value = 0n;
      for (let index = 0; index < bits; index += 8) {
        const byte = view.getUint8(little ? at + (bits - index) / 8 - 1 : at + index / 8);
        value = (value << 8n) | BigInt(byte);
      }
      return value;
    }
  }
};

/** Printable ASCII up to the first NUL, with nothing but NUL behind it. */
export const readText = (raw: Uint8Array): string | undefined => {
  const end = raw.indexOf(0);
  const used = end === -1 ? raw : raw.subarray(0, end);
  if (used.some((byte) => byte < 0x20 || byte > 0x7e)) return undefined;
  if (end !== -1 && raw.subarray(end).some((byte) => byte !== 0)) return undefined;
  return String.fromCharCode(...used);
};

/** The pieces as one run of `length` bytes; not copied when there is only one. */
export const concatenate = (pieces: readonly Uint8Array[], length: number): Uint8Array => {
  const [only] = pieces;
  if (only?.length === length) return only;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
