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
    const header = BigInt(target.start - (target.parent?.start ?? 0));
    return setTo(number, [
      value + 1n,
      value - 1n,
      0n,
      ...left.flatMap((bytes) => [bytes, bytes + 1n, bytes - 1n]),
      value + 8n,
      value * 2n,
      1n,
      BigInt(skeleton.bytes.length),
      ...typeEdges(bits),
      // `length + header` is 0, small, and back at the start of the record.
      limit - header,
      limit - header + 1n,
      limit - 8n,
      limit - 16n,
      limit / unit,
      limit / unit + 1n,
    ]);
  },
};
