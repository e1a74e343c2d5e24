import { elementsOf } from '../skeleton.ts';
import { remainders, numberOf, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Counts at the edges: one off, none, as many as would fit and one more, products that wrap. */
export const countBoundary: Mutator = {
  id: 'count-boundary',
  propose: (part, skeleton) => {
    const number = numberOf(part);
    const link = part.measures.find(({ kind }) => kind === 'count');
    if (number === undefined || link === undefined) return [];
    const { bits, value } = number;
    const { target } = link;
    const element = BigInt(Math.max(elementsOf(target)[0]?.length ?? target.length, 1));
    const fits = remainders(target, target.start, skeleton).map((bytes) => bytes / element);
    const wraps = [16n, 32n, 64n].map((width) => (1n << width) / element);
    return setTo(number, [
      value + 1n,
      value - 1n,
      0n,
      ...fits.flatMap((most) => [most, most + 1n]),
      value + 2n,
      value * 2n,
      ...[8n, 16n, 32n, 64n, 128n, 256n].flatMap((size) => [size, size + 1n]),
      // `count × element` is just below and just above what a size can hold.
      ...wraps.flatMap((most) => [most, most + 1n]),
      // It wraps to the very size that is there, which a check of the product takes.
      ...wraps.map((most) => value + most),
      ...typeEdges(bits),
    ]);
  },
};
