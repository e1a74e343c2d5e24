import { draftText } from './draft.ts';
import { countersOf, countsOf, strideOf, sumsOf, type Count, type Sum } from './relations.ts';
import { ringOf, type Ring } from './ring.ts';
import { constants, entropyOf, sharedPrefix, type Save, type Slot } from './saves.ts';

/** Bytes of one save that are looked at, and saves: enough to see a structure, and soon done. */
export const MOST_BYTES = 1 << 16;
const MOST_SAVES = 64;
/** Bytes from the start that are written out field by field when no count divides the save. */
const MOST_HEADER = 256;
const REGIONS = 16;

/** What several saves of an unknown device show. */
export interface Inference {
  readonly saves: readonly Save[];
  /** Saves that do not begin like the others; nothing else was taken from them. */
  readonly leftOut: readonly Save[];
  /** Bytes of the magic at the start; 0 for none. */
  readonly magic: number;
  readonly count: Count | undefined;
  readonly counts: readonly Count[];
  readonly sums: readonly Sum[];
  readonly counters: readonly Slot[];
  readonly ring: Ring | undefined;
  /** The byte of each column before the elements; undefined where saves differ. */
  readonly header: readonly (number | undefined)[];
  readonly element: readonly (number | undefined)[];
  /** Elements that were seen in all saves. */
  readonly elements: number;
  readonly repetition: ReturnType<typeof strideOf>;
  readonly entropy: readonly {
    readonly offset: number;
    readonly length: number;
    readonly bits: number;
  }[];
}

/** A first draft of a format file, with what speaks for each part of it in comments. */
export const inferFormat = (saves: readonly Save[], id: string): string =>
  draftText(infer(saves), id);

export const infer = (given: readonly Save[]): Inference => {
  const all = given
    .slice(0, MOST_SAVES)
    .map(({ name, bytes }) => ({ name, bytes: bytes.subarray(0, MOST_BYTES) }))
    .filter(({ bytes }) => bytes.length > 0);
  const saves = alike(all);
  const counts = countsOf(saves);
  const count = counts.find(({ stride }) => stride > 1);
  const elements = count === undefined ? [] : elementsOf(saves, count);
  const headerLength = Math.min(
    count?.base ?? MOST_HEADER,
    ...saves.map(({ bytes }) => bytes.length),
  );
  const stretches = saves.map(({ bytes }) => bytes);
  const longest = stretches.reduce((a, b) => (b.length > a.length ? b : a), new Uint8Array(0));
  return {
    saves,
    leftOut: all.filter((save) => !saves.includes(save)),
    magic: magicOf(stretches),
    count,
    counts,
    sums: sumsOf(saves),
    counters: countersOf(saves),
    ring: ringOf(elements.length > 0 ? elements : stretches),
    header: constants(stretches, headerLength),
    element: constants(elements, count?.stride ?? 0),
    elements: elements.length,
    repetition: strideOf(longest.subarray(count?.base ?? 0)),
    entropy: entropyMap(longest),
  };
};

/** The largest set of saves that begin with the same four bytes. */
const alike = (saves: readonly Save[]): readonly Save[] => {
  const groups = new Map<string, Save[]>();
  for (const save of saves) {
    const head = save.bytes.subarray(0, 4).join();
    groups.set(head, [...(groups.get(head) ?? []), save]);
  }
  let largest: readonly Save[] = [];
  for (const group of groups.values()) if (group.length > largest.length) largest = group;
  // Saves that share no beginning are taken together: the device writes no magic.
  return 2 * largest.length > saves.length ? largest : saves;
};

/** Eight or four bytes at the start that never change and are not a small number. */
const magicOf = (stretches: readonly Uint8Array[]): number => {
  const shared = sharedPrefix(stretches);
  for (const length of [8, 4]) {
    const bytes = stretches[0]?.subarray(0, length) ?? new Uint8Array(0);
    const telling = new Set(bytes.filter((byte) => byte !== 0)).size;
    if (shared >= length && telling >= (3 * length) / 4) return length;
  }
  return 0;
};

const elementsOf = (saves: readonly Save[], { base, stride }: Count): readonly Uint8Array[] =>
  saves.flatMap(({ bytes }) => {
    const found: Uint8Array[] = [];
    for (let at = base; at + stride <= bytes.length; at += stride) {
      found.push(bytes.subarray(at, at + stride));
    }
    return found;
  });

const entropyMap = (bytes: Uint8Array): Inference['entropy'] => {
  const length = Math.max(Math.ceil(bytes.length / REGIONS), 16);
  const map: { offset: number; length: number; bits: number }[] = [];
  for (let offset = 0; offset < bytes.length; offset += length) {
    const region = bytes.subarray(offset, offset + length);
    map.push({ offset, length: region.length, bits: entropyOf(region) });
  }
  return map;
};
