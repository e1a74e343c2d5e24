import { hexBytes, offsetText, sizeText } from './escape.ts';

const ROW = 16;
const MOST_BYTES = 96;
/** Rows that are shown before the first byte that is other. */
const BEFORE = 2;
const MARGIN = 8;

/** The bytes from `from` up to `to` are what a state does not share with another. */
interface Change {
  readonly from: number;
  readonly to: number;
}

/** What of `bytes` is not in `other`: what is left between the beginning and the end that both have. */
const changeFrom = (bytes: Uint8Array, other: Uint8Array): Change => {
  const most = Math.min(bytes.length, other.length);
  let from = 0;
  while (from < most && bytes[from] === other[from]) from += 1;
  let behind = 0;
  while (behind < most - from && bytes.at(-1 - behind) === other.at(-1 - behind)) behind += 1;
  return { from, to: bytes.length - behind };
};

/** Of other examples the one that a state shares most with. */
const nearest = (
  bytes: Uint8Array,
  others: readonly Uint8Array[],
): (Change & { readonly other: Uint8Array }) | undefined => {
  const changes = others.map((other) => ({ other, ...changeFrom(bytes, other) }));
  // Of what both sides have more than they share, so that something left out counts as well.
  const distance = ({ other, from, to }: Change & { readonly other: Uint8Array }): number =>
    to - from + Math.max(other.length - (bytes.length - (to - from)), 0);
  return changes.sort((a, b) => distance(a) - distance(b))[0];
};

/**
 * An example in rows of sixteen bytes, around the place at which it differs from the nearest of the
 * others.
 *
 * @param marked whether that place is marked
 * @param head lines to begin with
 */
export const exampleDump = (
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  marked: boolean,
  head: readonly string[],
): readonly string[] => {
  const change = nearest(bytes, others);
  const first = change?.from ?? 0;
  const short = bytes.length <= MOST_BYTES || first < MOST_BYTES - BEFORE * ROW;
  const from = short ? 0 : Math.max(Math.floor(first / ROW) - BEFORE, 0) * ROW;
  const end = Math.min(bytes.length, from + MOST_BYTES);
  const lines = [...head];
  if (from > 0) lines.push(`${' '.repeat(MARGIN)}${sizeText(from)} before`);
  for (let at = from; at < end; at += ROW) {
    lines.push(`${offsetText(at).padStart(6)}  ${hexBytes(bytes.subarray(at, at + ROW))}`);
    const marks = marked && change !== undefined ? markLine(bytes, at, change) : '';
    if (marks !== '') lines.push(`${' '.repeat(MARGIN)}${marks}`);
  }
  if (end < bytes.length) lines.push(`${' '.repeat(MARGIN)}${sizeText(bytes.length - end)} behind`);
  if (bytes.length === 0) lines.push(`${' '.repeat(MARGIN)}(no bytes)`);
  return ['```', ...lines, '```'];
};

/** The marks below one row: the bytes that are other, or the place where some were left out. */
const markLine = (
  bytes: Uint8Array,
  row: number,
  { other, from, to }: Change & { readonly other: Uint8Array },
): string => {
  const same = bytes.length === other.length;
  if (same && from === to) return '';
  const isOther = (at: number): boolean =>
    from === to ? at === from : at >= from && at < to && !(same && bytes[at] === other[at]);
  const length = Math.min(ROW, bytes.length - row);
  // What is missing at the end is missing behind the last byte.
  const cells = from === to && from === bytes.length && row + length === from ? length + 1 : length;
  return Array.from({ length: cells }, (_, at) => (isOther(row + at) ? '^^' : '  '))
    .join(' ')
    .trimEnd();
};
