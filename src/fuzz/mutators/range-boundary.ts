import type { Role } from '../../layout/types.ts';
import { numberOf, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Indexes and ranges: the last value that is allowed, the first that is not, and the extremes. */
export const rangeBoundary: Mutator = {
  id: 'range-boundary',
  propose: (part) => {
    const number = numberOf(part);
    const edges = part.layout === 'gap' ? [] : (part.layout.roles ?? []).flatMap(edgesOf);
    if (number === undefined || edges.length === 0) return [];
    const { bits, value } = number;
    return setTo(number, [...edges, value + 1n, value - 1n, ...typeEdges(bits)]);
  },
};

const edgesOf = (role: Role): readonly bigint[] => {
  if (role.is === 'index-into') {
    const size = BigInt(role.size);
    return [size, size - 1n, size + 1n, 2n * size, 0n];
  }
  if (role.is !== 'within') return [];
  const { min, max } = role;
  return [max + 1n, max, min, min - 1n, max + 2n, 2n * max];
};
