import type { Edit } from '../plan.ts';
import type { Part, Skeleton } from '../skeleton.ts';

/**
 * One way to be wrong. It keys on layouts and roles and knows no format; it draws nothing at random,
 * so that what it proposes can be counted, and one seed repeats everything.
 */
export interface Mutator {
  /** Also its file's name. */
  readonly id: string;
  /** What it would do to a part, mildest first; edits of one proposal belong together. */
  readonly propose: (part: Part, skeleton: Skeleton) => readonly Proposal[];
}

export type Proposal = readonly Edit[];

/** A part that is a number, and its value. */
export interface NumberPart {
  readonly part: Part;
  readonly bits: number;
  readonly value: bigint;
}

export const numberOf = (part: Part): NumberPart | undefined =>
  part.layout !== 'gap' && part.layout.kind === 'uint' && typeof part.value === 'bigint'
    ? { part, bits: part.layout.bits, value: part.value }
    : undefined;

/** Values to set a number to, each once, cut to its bits, and never the one that it has. */
export const setTo = (
  { part, bits, value }: NumberPart,
  values: Iterable<bigint>,
): readonly Proposal[] => {
  const seen = new Set([value]);
  const proposals: Proposal[] = [];
  for (const wanted of values) {
    const edge = BigInt.asUintN(bits, wanted);
    if (seen.has(edge)) continue;
    seen.add(edge);
    proposals.push([{ kind: 'set', field: part.path, value: edge }]);
  }
  return proposals;
};

/** Bytes from an offset to the end of each part around, smallest first, and of the state. */
export const remainders = (part: Part, offset: number, { bytes }: Skeleton): readonly bigint[] => {
  const found: bigint[] = [];
  for (let at = part.parent; at !== undefined; at = at.parent) {
    found.push(BigInt(at.start + at.length - offset));
  }
  found.push(BigInt(bytes.length - offset));
  return found.filter((left) => left >= 0n);
};

/** Where signed and narrower types end. */
export const typeEdges = (bits: number): readonly bigint[] => {
  const limit = 1n << BigInt(bits);
  const narrower = [8n, 16n, 31n, 32n, 40n].filter((width) => width < BigInt(bits));
  return [
    ...narrower.flatMap((width) => [(1n << width) - 1n, 1n << width]),
    limit / 2n - 1n,
    limit / 2n,
    limit - 2n,
    limit - 1n,
  ];
};
