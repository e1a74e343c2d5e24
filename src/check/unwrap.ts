import { gunzipSource, isGzip } from '../bytes/gunzip.ts';
import type { Source } from '../bytes/source.ts';

/** Whether a file that can be read at any place holds something compressed. */
export const isCompressed = ({ readAt }: Source): boolean =>
  readAt !== undefined && isGzip(readAt(0, 3));

/** The source itself, or what it unfolds to. */
export const unwrapped = async (source: Source): Promise<Source> => {
  if (source.readAt !== undefined) {
    return isCompressed(source) ? gunzipSource(source) : source;
  }
  const blocks = new Blocks(source.blocks());
  const head = await blocks.head(3);
  const again: Source = { ...source, blocks: () => blocks.all() };
  return isGzip(head) ? gunzipSource(again) : again;
};

/** Blocks of an input of which the first bytes may be looked at before the pass. */
export class Blocks {
  readonly #rest: Iterator<Uint8Array> | undefined;
  readonly #later: AsyncIterator<Uint8Array> | undefined;
  readonly #first: Uint8Array[] = [];

  constructor(blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
    if (Symbol.asyncIterator in blocks) this.#later = blocks[Symbol.asyncIterator]();
    else this.#rest = blocks[Symbol.iterator]();
  }

  async head(count: number): Promise<Uint8Array> {
    let got = this.#first.reduce((sum, { length }) => sum + length, 0);
    while (got < count) {
      const next = this.#rest?.next() ?? (await this.#later?.next());
      if (next === undefined || next.done === true) break;
      // A copy, which `slice` of a Buffer is not: the next read overwrites the block.
      this.#first.push(new Uint8Array(next.value));
      got += next.value.length;
    }
    return Buffer.concat(this.#first, Math.min(got, count));
  }

  /** All blocks, those that were looked at first; asynchronous only where the input is. */
  all(): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    return this.#later === undefined ? this.#now() : this.#awaited(this.#later);
  }

  *#now(): Generator<Uint8Array> {
    yield* this.#first;
    for (;;) {
      const next = this.#rest?.next();
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  }

  async *#awaited(later: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* this.#first;
    try {
      for (;;) {
        const next = await later.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Lets a decompressor go whose reader has seen enough.
      await later.return?.();
    }
  }
}

/** Shows every block to `take` until it gives false; waits only where the blocks are to be waited for. */
export const eachBlock = async (
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  take: (block: Uint8Array) => boolean,
): Promise<void> => {
  if (Symbol.asyncIterator in blocks) {
    for await (const block of blocks) {
      if (!take(block)) break;
    }
    return;
  }
  // Waiting for a promise a block costs about as much as walking the block.
  for (const block of blocks) {
    if (!take(block)) break;
  }
};
