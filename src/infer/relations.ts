import { crc32 } from 'node:zlib';
import { numberAt, slots, type Save, type Slot } from './saves.ts';

/** Bytes from the start in which counts, lengths and checksums are looked for. */
const SEARCHED = 256;
/** Of the saves, this share must agree: a save that was cut does not hide the rule. */
const AGREEING = 0.8;
/** What a counter grows by from the first save to the last. */
const MOST_GROWTH = 1n << 24n;
const LARGEST_STRIDE = 1 << 16;
/** Bytes of all saves beyond which no checksum over their ranges is tried. */
const MOST_SUMMED = 1 << 22;

/** `length = base + number × stride`, in so many of the saves. */
export interface Count {
  readonly slot: Slot;
  readonly base: number;
  readonly stride: number;
  readonly holds: number;
  readonly of: number;
}

/** Numbers that say how long a save is: a count of equal elements, or with stride 1 a length. */
export const countsOf = (saves: readonly Save[]): readonly Count[] => {
  const found: Count[] = [];
  for (const slot of slots(Math.min(SEARCHED, shortest(saves)))) {
    const count = countAt(saves, slot);
    if (count !== undefined) found.push(count);
  }
  // One number of those that say the same at one place.
  return found
    .filter((one) => !found.some((other) => other !== one && hides(other, one)))
    .sort((a, b) => (a.holds === b.holds ? a.slot.offset - b.slot.offset : b.holds - a.holds));
};

const shortest = (saves: readonly Save[]): number =>
  Math.min(...saves.map(({ bytes }) => bytes.length));

/** Counts of four bytes are usual; wider ones that say the same have zeros in their other half. */
const usual: readonly number[] = [1, 2, 8, 4];

const hides = (one: Count, other: Count): boolean =>
  one.stride === other.stride &&
  usual.indexOf(one.slot.size) > usual.indexOf(other.slot.size) &&
  one.slot.offset < other.slot.offset + other.slot.size &&
  other.slot.offset < one.slot.offset + one.slot.size;

const countAt = (saves: readonly Save[], slot: Slot): Count | undefined => {
  const points = saves.flatMap(({ bytes }) => {
    const value = numberAt(bytes, slot);
    return value === undefined || value > 1n << 32n ? [] : [[Number(value), bytes.length] as const];
  });
  // A line through two of the points that most others lie on; few values differ, so few are tried.
  const distinct = [...new Map(points.map((point) => [point.join(), point])).values()].slice(0, 12);
  let best: Count | undefined;
  for (const [n, length] of distinct) {
    for (const [m, longer] of distinct) {
      if (m <= n || longer <= length || (longer - length) % (m - n) !== 0) continue;
      const stride = (longer - length) / (m - n);
      const base = length - n * stride;
      if (stride > LARGEST_STRIDE || base < slot.offset + slot.size) continue;
      const holds = points.filter(([value, all]) => all === base + value * stride).length;
      if (holds < AGREEING * saves.length || holds <= (best?.holds ?? 0)) continue;
      best = { slot, base, stride, holds, of: saves.length };
    }
  }
  return best;
};

/** A number that is a checksum of a range of its save. */
export interface Sum {
  readonly slot: Slot;
  readonly algorithm: 'crc32' | 'sum8' | 'sum16' | 'sum32';
  /** First byte that is covered; the range goes on to the end, the number itself left out. */
  readonly from: number;
  readonly to: number | 'end';
}

export const sumsOf = (saves: readonly Save[]): readonly Sum[] => {
  const total = saves.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (saves.length < 2 || total > MOST_SUMMED) return [];
  const end = Math.min(SEARCHED, shortest(saves));
  const found: Sum[] = [];
  for (const slot of slots(end)) {
    const values = new Set(saves.map(({ bytes }) => numberAt(bytes, slot)));
    // A number that hardly changes would match by chance.
    if (values.size < 2 || slot.size === 8) continue;
    const after = slot.offset + slot.size;
    const ranges = [
      { from: after, to: 'end' },
      { from: 0, to: slot.offset },
    ] as const;
    for (const algorithm of slot.size === 4 ? (['crc32', 'sum32'] as const) : sums(slot)) {
      for (const range of ranges) {
        const fits = saves.every(({ bytes }) => {
          const covered = bytes.subarray(range.from, range.to === 'end' ? undefined : range.to);
          return covered.length > 0 && summed(algorithm, covered) === numberAt(bytes, slot);
        });
        if (fits) found.push({ slot, algorithm, ...range });
      }
    }
  }
  return found;
};

/** A sum of one byte matches one save in 256 by chance; only wider ones are worth a line. */
const sums = ({ size }: Slot): readonly Sum['algorithm'][] => (size === 2 ? ['sum16'] : []);

const summed = (algorithm: Sum['algorithm'], bytes: Uint8Array): bigint => {
  if (algorithm === 'crc32') return BigInt(crc32(bytes));
  let total = 0;
  for (const byte of bytes) total += byte;
  return BigInt(total % 2 ** Number(algorithm.slice(3)));
};

/** Numbers that only grow from save to save, in the order in which the saves were named. */
export const countersOf = (saves: readonly Save[]): readonly Slot[] => {
  if (saves.length < 3) return [];
  const found: Slot[] = [];
  const all = [...slots(Math.min(SEARCHED, shortest(saves)))];
  for (const slot of [
    ...all.filter(({ size }) => size === 4),
    ...all.filter(({ size }) => size === 8),
  ]) {
    const taken = found.some(
      ({ offset, size }) => slot.offset < offset + size && offset < slot.offset + slot.size,
    );
    if (taken) continue;
    const values = saves.map(({ bytes }) => numberAt(bytes, slot) ?? 0n);
    const grows = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0n));
    // Noise grows, too, once in a while; but not by little.
    if (grows && (values.at(-1) ?? 0n) - (values[0] ?? 0n) < MOST_GROWTH) found.push(slot);
  }
  return found;
};

/** How far apart equal bytes stand: the distance that explains most of what is not zero. */
export const strideOf = (
  bytes: Uint8Array,
): { readonly stride: number; readonly share: number } | undefined => {
  const region = bytes.subarray(0, 4096);
  let best: { stride: number; share: number } | undefined;
  for (let stride = 2; stride <= region.length / 2 && stride <= 1024; stride += 1) {
    let told = 0;
    let equal = 0;
    for (let at = 0; at + stride < region.length; at += 1) {
      const one = region[at];
      const other = region[at + stride];
      if (one === 0 && other === 0) continue;
      told += 1;
      if (one === other) equal += 1;
    }
    const share = told < 4 ? 0 : equal / told;
    // A multiple of the stride explains as much; the smallest distance is the stride.
    if (share >= 0.5 && share > (best?.share ?? 0) + 0.05) best = { stride, share };
  }
  return best;
};
