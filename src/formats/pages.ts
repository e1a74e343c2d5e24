import type { Node } from '../layout/node.ts';
import type { Layout } from '../layout/types.ts';
import { bytes, repeat, restOf, struct, when } from '../layout/vocabulary.ts';
import type { Annotation } from '../layout/types.ts';

export const PAGE = 4096;

/**
 * Memory of any length, in pages of 4096 bytes and a remainder: pieces that are small enough to be
 * kept, so that rules may look at the bytes, of a whole that need not be.
 */
export const pages = (notes: Annotation = {}): Layout => ({
  ...struct({
    page: repeat(when({ remaining: PAGE }, bytes(PAGE)), 'page'),
    rest: restOf({ doc: 'less than a page' }),
  }),
  ...notes,
});

/** One piece of paged memory that was kept. */
export interface Piece {
  readonly node: Node;
  /** Where it begins in the memory. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The pieces of paged memory in order, without those that were too many to keep. */
export function* piecesOf(memory: Node | undefined): Generator<Piece> {
  if (memory === undefined) return;
  for (const field of memory.children) {
    for (const node of field.children.length > 0 ? field.children : [field]) {
      if (!(node.value instanceof Uint8Array) || node.length === 0) continue;
      yield { node, offset: node.start - memory.start, bytes: node.value };
    }
  }
}
