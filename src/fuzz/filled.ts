import { contentOf, type Part, type Skeleton } from './skeleton.ts';

/** What was filled before, by seed: plans of one campaign ask for the same sizes again and again. */
const known = new WeakMap<Skeleton, { bytes: number; readonly made: Map<number, Uint8Array> }>();
/** Bytes that are kept for one seed. */
const MOST_KEPT = 1 << 22;
const SIZES = 1 << 24;

/** The content of a part, cut at a size or repeated up to it; not to be written to. */
export const filledFrom = (skeleton: Skeleton, part: Part, size: number): Uint8Array => {
  const content = contentOf(skeleton, part);
  if (size <= content.length) return content.subarray(0, size);
  const kept = known.get(skeleton) ?? { bytes: 0, made: new Map<number, Uint8Array>() };
  known.set(skeleton, kept);
  const key = part.index * SIZES + size;
  const before = size < SIZES ? kept.made.get(key) : undefined;
  if (before !== undefined) return before;
  const filled = repeatedTo(content, size);
  if (size <= MOST_KEPT >> 3) {
    if (kept.bytes + size > MOST_KEPT) {
      kept.made.clear();
      kept.bytes = 0;
    }
    kept.bytes += size;
    kept.made.set(key, filled);
  }
  return filled;
};

/** Bytes repeated up to a size; zeros where there are none. */
export const repeatedTo = (content: Uint8Array, size: number): Uint8Array => {
  const filled = new Uint8Array(size);
  filled.set(content);
  // Copies what is there already, so each turn doubles it.
  for (let have = content.length; have > 0 && have < size; have *= 2) {
    filled.copyWithin(have, 0, Math.min(have, size - have));
  }
  return filled;
};
