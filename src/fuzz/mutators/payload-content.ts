import { contentOf } from '../skeleton.ts';
import type { Mutator } from './mutator.ts';

/** Payloads of one value, and payloads with one byte or one word changed. */
export const payloadContent: Mutator = {
  id: 'payload-content',
  propose: (part, skeleton) => {
    const { layout, length, path } = part;
    if (length === 0 || part.children.length > 0) return [];
    if (layout !== 'gap' && layout.kind !== 'bytes') return [];
    const own = contentOf(skeleton, part);
    const filled = [0, 0xff, 0x80, 0x41]
      .filter((byte) => own.some((each) => each !== byte))
      .map((byte) => [
        { kind: 'bytes' as const, field: path, bytes: new Uint8Array(length).fill(byte) },
      ]);
    const places = new Set([0, 1, 2, 3, 4, 7, 8, length >> 1, length - 1]);
    const changed = [...places]
      .filter((at) => at < length)
      .flatMap((at) =>
        [0x01, 0x80, 0xff].map((bits) => [
          {
            kind: 'raw' as const,
            at: part.start + at,
            drop: 1,
            put: Uint8Array.of((own[at] ?? 0) ^ bits),
          },
        ]),
      );
    return [...changed, ...filled];
  },
};
