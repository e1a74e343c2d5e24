import type { Mutator } from './mutator.ts';

/** Sizes that fixed buffers have. */
const BUFFERS = [16, 64, 256, 1024, 4096, 65536];

/** Payloads that are empty, one byte off, and as long as a buffer or one byte longer. */
export const payloadSize: Mutator = {
  id: 'payload-size',
  propose: (part) => {
    const { layout, length, path, children } = part;
    const sized = part.measuredBy.length > 0;
    const opaque = layout === 'gap' || layout.kind === 'bytes';
    if (!opaque && !sized) return [];
    if (children.length > 0 && !sized) return [];
    const near = [length - 1, length + 1, 0, length - 4, length + 4, length - 8, length + 8];
    const sizes = [
      ...near,
      1,
      Math.floor(length / 2),
      length * 2,
      ...BUFFERS.flatMap((size) => [size, size + 1]),
      length + 4096,
    ];
    return [...new Set(sizes)]
      .filter((size) => size >= 0 && size !== length)
      .map((size) => [{ kind: 'resize', field: path, size }]);
  },
};
