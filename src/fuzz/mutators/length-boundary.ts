import { elementsOf } from '../skeleton.ts';
import { remainders, numberOf, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Lengths where restore paths go wrong: one off, zero, all that remains, the sign, a wrap. */
export const lengthBoundary: Mutator = {
  id: 'length-boundary',
  propose: (part, skeleton) => {
    const number = numberOf(part);
    const link = part.measures.find(({ kind }) => kind === 'length');
    if (number === undefined || link === undefined) return [];
    const { bits, value } = number;
    const limit = 1n << BigInt(bits);
    const { target, divide } = link;
    const unit = BigInt(divide);
    const left = remainders(target, target.start, skeleton).map((bytes) => bytes / unit);
    const element = BigInt(elementsOf(target)[0]?.length ?? 0);
    const tables = element === 0n ? [] : [1n, 64n, 256n, 512n, 1024n];
    const header = BigInt(target.start - (target.parent?.start ?? 0));
    return setTo(number, [
      value + 1n,
      value - 1n,
      0n,
      ...left.flatMap((bytes) => [bytes, bytes + 1n, bytes - 1n]),
      value + 8n,
      // One element more than a table has places.
      ...tables.map((places) => (element * (places + 1n)) / unit),
      value * 2n,
      1n,
      BigInt(skeleton.bytes.length),
      ...typeEdges(bits),
      // `length + header` is 0, small, and back at the start of the record.
      limit - header,
      limit - header + 1n,
      limit - 8n,
      limit - 16n,
      // The same for a reader that keeps 32 bits of it.
      (1n << 32n) - header,
      (1n << 32n) - 8n,
      limit / unit,
      limit / unit + 1n,
    ]);
  },
};
