import {
  compressionHead,
  compressionOf,
  unpackedSource,
  type CompressionName,
} from '../bytes/unpack.ts';
import { worthPassing, type BlockRun, type Source } from '../bytes/source.ts';

/** How a file that can be read at any place is compressed as a whole. */
export const compressed = ({ readAt }: Source): CompressionName | undefined =>
  readAt === undefined ? undefined : compressionOf(readAt(0, compressionHead));

/** The source itself, or what it unfolds to. */
export const unwrapped = async (source: Source): Promise<Source> => {
  if (source.readAt !== undefined) {
    const name = compressed(source);
    return name === undefined ? source : unpackedSource(source, name);
  }
  const blocks = new Blocks(source.blocks());
  const name = compressionOf(await blocks.head(compressionHead));
  const again: Source = { ...source, blocks: () => blocks.all() };
  return name === undefined ? again : unpackedSource(again, name);
};

/** Blocks of an input of which the first bytes may be looked at before the pass. */
export class Blocks {
  readonly #rest: Iterator<Uint8Array> | undefined;
  readonly #passOver: BlockRun['passOver'];
  readonly #later: AsyncIterator<Uint8Array> | undefined;
  readonly #first: Uint8Array[] = [];

  constructor(blocks: BlockRun | AsyncIterable<Uint8Array>) {
    if (Symbol.asyncIterator in blocks) this.#later = blocks[Symbol.asyncIterator]();
    else {
      this.#rest = blocks[Symbol.iterator]();
      this.#passOver = blocks.passOver;
    }
  }

  /** Up to `count` bytes; fewer when the input has no more, or `enough` says not to wait for them. */
  async head(count: number, enough: () => boolean = () => false): Promise<Uint8Array> {
    let got = this.#first.reduce((sum, { length }) => sum + length, 0);
    while (got < count && !enough()) {
      const next = this.#rest?.next() ?? (await this.#later?.next());
      if (next === undefined || next.done === true) break;
      // A copy, which `slice` of a Buffer is not: the next read overwrites the block.
      this.#first.push(new Uint8Array(next.value));
      got += next.value.length;
    }
    return Buffer.concat(this.#first, Math.min(got, count));
  }

  /** All blocks, those that were looked at first; asynchronous only where the input is. */
  all(): BlockRun | AsyncIterable<Uint8Array> {
    if (this.#later !== undefined) return this.#awaited(this.#later);
    const passOver = this.#passOver;
    if (passOver === undefined) return this.#now();
    return {
      [Symbol.iterator]: () => this.#now(),
      // Behind a block that was looked at first stands one that has been read already.
      passOver: (count) => (this.#first.length > 0 ? 0 : passOver(count)),
    };
  }

  *#now(): Generator<Uint8Array> {
    for (;;) {
      const first = this.#first.shift();
      if (first === undefined) break;
      yield first;
    }
    for (;;) {
      const next = this.#rest?.next();
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  }

  async *#awaited(later: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#first;
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

/** What whoever takes blocks says of the bytes behind them. */
export interface Passing {
  /** How many of them it will not look at. */
  readonly passing: () => number;
  /** So many of them were left out. */
  readonly passOver: (count: number) => void;
}

/** Shows every block to `take` until it gives false; waits only where the blocks are to be waited for. */
export const eachBlock = async (
  blocks: BlockRun | AsyncIterable<Uint8Array>,
  take: (block: Uint8Array) => boolean,
  over?: Passing,
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
    const passing = over?.passing() ?? 0;
    if (passing < worthPassing) continue;
    const passed = blocks.passOver?.(passing) ?? 0;
    if (passed > 0) over?.passOver(passed);
  }
};
