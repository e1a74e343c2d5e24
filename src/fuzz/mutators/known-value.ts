import type { Role, UintLayout } from '../../layout/types.ts';
import type { Part, Skeleton } from '../skeleton.ts';
import { numberOf, remainders, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Other magics, versions and tags: each that is known, its neighbours, and what no reader knows. */
export const knownValue: Mutator = {
  id: 'known-value',
  propose: (part, skeleton) => {
    const number = numberOf(part);
    if (number === undefined || part.layout === 'gap' || part.layout.kind !== 'uint') return [];
    const { layout } = part;
    const listed = (layout.roles ?? []).flatMap(listedIn);
    const named = Object.values(layout.names ?? {});
    const known = [...listed, ...named];
    if (known.length === 0) return [];
    const { bits, value } = number;
    const sizes = layout.roles?.some(({ is }) => is === 'one-of')
      ? sizesAround(part, skeleton)
      : [];
    const highest = known.reduce((most, each) => (each > most ? each : most));
    return setTo(number, [
      ...known,
      value + 1n,
      value - 1n,
      highest + 1n,
      0n,
      value ^ (1n << BigInt(bits - 1)),
      swapped(layout, value),
      0x40n,
      0x100n,
      ...sizes,
      ...typeEdges(bits),
    ]);
  },
};

/** A number with one right value is often the size of something, and may be larger than what is there. */
const sizesAround = (part: Part, skeleton: Skeleton): readonly bigint[] =>
  remainders(part, part.parent?.start ?? 0, skeleton).flatMap((bytes) => [bytes, bytes + 1n]);

const listedIn = (role: Role): readonly bigint[] => {
  if (role.is === 'magic' || role.is === 'one-of') return role.values;
  return role.is === 'version' ? role.supported : [];
};

/** The value in the other byte order. */
const swapped = ({ bits }: UintLayout, value: bigint): bigint => {
  let turned = 0n;
  for (let at = 0n; at < bits; at += 8n) turned = (turned << 8n) | ((value >> at) & 0xffn);
  return turned;
};
