import { numberOf, setTo, typeEdges, type Mutator } from './mutator.ts';

/** Offsets in front of, at and behind the end, over other parts, and so high that the end wraps. */
export const offsetBoundary: Mutator = {
  id: 'offset-boundary',
  propose: (part, { bytes }) => {
    const number = numberOf(part);
    const link = part.measures.find(({ kind }) => kind === 'offset');
    if (number === undefined || link === undefined) return [];
    const { bits, value } = number;
    const limit = 1n << BigInt(bits);
    const length = BigInt(link.target.length);
    const end = BigInt(bytes.length);
    const others = link.target.parent?.offsets ?? [];
    const places = others.map(({ target, field }) =>
      BigInt(target.start - (field.parent?.start ?? 0)),
    );
    return setTo(number, [
      value + 1n,
      value - 1n,
      0n,
      end - length,
      end - length + 1n,
      end - 1n,
      end,
      end + 1n,
      ...places,
      limit - length,
      limit - length + 1n,
      limit - length + 8n,
      ...typeEdges(bits),
    ]);
  },
};
