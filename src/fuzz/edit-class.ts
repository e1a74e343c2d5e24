import type { Edit, Plan } from './plan.ts';

/** Paths that were asked for; there are as many as seeds have fields, and each is asked for very often. */
const known = new Map<string, string>();
const MOST_KNOWN = 1 << 16;

/** A path with all indexes alike: `port[].head` for `port[1].head`; a second gap is like the first. */
export const likePath = (path: string): string => {
  let like = known.get(path);
  if (like === undefined) {
    like = path.replaceAll(/\[\d+\]/gu, '[]').replaceAll(/~\d+/gu, '');
    if (known.size === MOST_KNOWN) known.clear();
    known.set(path, like);
  }
  return like;
};

/** What an edit is about, without its values; the same for the same field of every record. */
export const editKey = (edit: Edit): string => {
  switch (edit.kind) {
    case 'truncate':
    case 'raw':
      return edit.kind;
    default:
      return `${edit.kind} ${likePath(edit.field)}`;
  }
};

/** The fields that a plan touches, in the words of the layout; its session where it touches none. */
export const planPaths = ({ edits, session, repair }: Plan): string => {
  const paths = new Set(edits.map((edit) => ('field' in edit ? likePath(edit.field) : edit.kind)));
  if (edits.length > 0 && repair.kind === 'all-but') paths.add(likePath(repair.field));
  if (paths.size > 0) return [...paths].sort().join(' + ');
  return session.shape === 'plain' ? `cuts ${session.cuts.kind}` : session.shape;
};

/** Values that a check tells apart: small ones exactly, the others by their size. */
const valueClass = (value: bigint): number => {
  if (value >= 0n && value <= 64n) return Number(value);
  const bits = bitsOf(value);
  // The ends of each size are where checks are one off.
  const power = 1n << BigInt(bits - 1);
  return 128 + bits * 4 + (value === power ? 0 : value === 2n * power - 1n ? 2 : 1);
};

/** Digits of a number in binary, with its sign. */
const bitsOf = (value: bigint): number => {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) return value.toString(2).length;
  const high = Number(value >> 32n);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(Number(value));
};

/** Plans with more edits than this are told apart by their fields alone. */
const MOST_VALUES = 2;

/** A number that is the same for plans whose bytes the rules think the same of, as far as that is cheap to say. */
export const planClass = ({ seed, edits, repair }: Plan): number => {
  let hash = text(0x811c9dc5, seed.slice(0, 8));
  for (const edit of edits) {
    hash = text(hash, editKey(edit));
    if (edits.length > MOST_VALUES) continue;
    if (edit.kind === 'set') hash = mix(hash, valueClass(edit.value));
    else if (edit.kind === 'resize') hash = mix(hash, valueClass(BigInt(edit.size)));
    else if (edit.kind === 'truncate') hash = mix(hash, edit.at);
    else if (edit.kind === 'raw') hash = mix(hash, edit.at >> 2);
    else if (edit.kind === 'repeat') hash = mix(hash, Math.min(edit.times, 16));
    else if (edit.kind === 'bytes') hash = mix(hash, edit.bytes.length);
  }
  hash = text(hash, repair.kind);
  return (repair.kind === 'all-but' ? text(hash, likePath(repair.field)) : hash) >>> 0;
};

export const mix = (hash: number, value: number): number =>
  Math.imul(Math.imul(hash ^ (value & 0xffff), 0x01000193) ^ (value >>> 16), 0x01000193);

export const text = (hash: number, value: string): number => {
  let mixed = hash;
  for (let at = 0; at < value.length; at += 1) mixed = mix(mixed, value.charCodeAt(at));
  return mixed;
};
