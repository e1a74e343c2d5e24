import type { Part, Skeleton } from '../skeleton.ts';
import { numberOf, remainders, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Numbers that no role explains: extremes, sizes that arrays have, and what their neighbours say. */
export const plainNumber: Mutator = {
  id: 'plain-number',
  propose: (part, skeleton) => {
    const number = numberOf(part);
    if (number === undefined || part.layout === 'gap' || part.layout.kind !== 'uint') return [];
    if ((part.layout.roles ?? []).length > 0 || part.layout.names !== undefined) return [];
    const { bits, value } = number;
    const limit = 1n << BigInt(bits);
    const beside = neighbours(part);
    return setTo(number, [
      value + 1n,
      value - 1n,
      0n,
      1n,
      ...beside.flatMap((other) => [other, other + 1n, limit - other, limit - other + 1n]),
      ...bytesAround(part, skeleton),
      value | (value + 1n),
      value ^ (limit >> 1n),
      value ^ (1n << BigInt(bits / 2)),
      ...[2n, 4n, 8n, 16n, 17n, 32n, 33n, 64n, 128n, 4096n].filter((size) => size < limit),
      ...typeEdges(bits),
    ]);
  },
};

const MOST_NEIGHBOURS = 6;

/** Values of the other numbers of its struct, nearest first. */
const neighbours = (part: Part): readonly bigint[] => {
  const siblings = part.parent?.children ?? [];
  const place = siblings.indexOf(part);
  return siblings
    .map((sibling, at) => ({ value: sibling.value, far: Math.abs(at - place) }))
    .sort((one, other) => one.far - other.far)
    .flatMap(({ value, far }) =>
      typeof value === 'bigint' && far > 0 && value > 1n ? [value] : [],
    )
    .slice(0, MOST_NEIGHBOURS);
};

/** A number that counts bytes of something, though nothing says so. */
const bytesAround = (part: Part, skeleton: Skeleton): readonly bigint[] => {
  const left = remainders(part, part.start + part.length, skeleton);
  const whole = [BigInt(skeleton.bytes.length), BigInt(part.parent?.length ?? 0)];
  return [...left, ...whole].flatMap((bytes) => [bytes, bytes + 1n, bytes - 1n]);
};
