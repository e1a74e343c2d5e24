import type { Mutator } from './mutator.ts';

/** The state ends at the start of a part, one byte into it, inside it, one byte before its end. */
export const cutAtBoundary: Mutator = {
  id: 'cut-at-boundary',
  propose: ({ start, length }, { bytes }) => {
    const places = new Set([start, start + 1, start + (length >> 1), start + length - 1]);
    const last = start + length === bytes.length;
    if (last) places.add(bytes.length);
    return [...places]
      .filter((at) => at >= 0 && (at < bytes.length || (last && at === bytes.length)))
      .map((at) =>
        at < bytes.length
          ? [{ kind: 'truncate', at }]
          : [{ kind: 'raw', at, drop: 0, put: new Uint8Array(1) }],
      );
  },
};
