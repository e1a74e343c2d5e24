import type { Allowance } from './unpack.ts';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** Larger than what the walk of one block costs, and small beside every budget. */
const BLOCK = 1 << 20;
/**
 * Where the block begins in its allocation. A large one begins 16 bytes behind a page boundary, and
 * the kernel copies from whole pages, so that there each load waits for an earlier store that has
 * nearly the same address in its page. 3 GB out of the page cache take 0.50 s at that place, 0.28 s
 * at this one, and `cat` takes 0.37 s for them (AMD EPYC, 2 shared cores).
 */
const SHIFT = 1 << 10;

/** The first read, also behind bytes that were passed over: room for the header of a packet. */
const FIRST = 1 << 14;
/** Fewer bytes than this cost less to read than another system call does. */
export const worthPassing = 1 << 16;

/** Blocks of an input in order; of one that can seek, bytes may be left out that nobody looks at. */
export interface BlockRun extends Iterable<Uint8Array> {
  /**
   * Goes on up to `count` bytes behind the last block, and gives how many were left out: never more
   * than the input has, so that one that ends early ends at the same place as if it had been read.
   */
  readonly passOver?: (count: number) => number;
}

/** An input that is open for one forward pass. */
export interface Source {
  /** As the user named it; `-` for standard input. */
  readonly path: string;
  /** What the system says of the open descriptor, for who asks who may change the file. */
  readonly status?: Stats;
  /** Bytes in all, where that is known before reading. */
  readonly size: number | undefined;
  /** Reads at any place without moving the pass; only where the input can seek. */
  readonly readAt: ReadAt | undefined;
  /** The bytes in order; each block is valid until the next is asked for. */
  readonly blocks: () => BlockRun | AsyncIterable<Uint8Array>;
  /** Set after the pass when the bytes ended because a compression around them was damaged. */
  readonly damage?: string | undefined;
  /** What is wrapped around the bytes: `gzip`, `zstd`, … */
  readonly wrapper?: string;
  /** Lets more come out of the compression around the bytes, when it is known what they are. */
  readonly allow?: (allowance: Allowance) => void;
  readonly close: () => void;
}

/**
 * Up to `length` bytes at `offset`; fewer only at the end of the input. `into` may be used for them,
 * where it is large enough, by a reader that is done with its bytes before it asks for the next.
 */
export type ReadAt = (offset: number, length: number, into?: Uint8Array) => Uint8Array;

/** What is read at once of bytes that are judged while they come. */
const PIECE = 1 << 18;

/** The bytes of an input that can be read at any place, in order; each piece stays as it is. */
export function* piecesOf(readAt: ReadAt, size: number): Generator<Uint8Array> {
  for (let at = 0; at < size; at += PIECE) yield readAt(at, Math.min(PIECE, size - at));
}

/** Opens a file, or standard input for `-`. Throws what the system says when it cannot. */
export const openSource = (path: string): Source => {
  const fd = path === '-' ? 0 : openSync(path, 'r');
  const status = fstatSync(fd);
  if (status.isDirectory()) {
    if (fd !== 0) closeSync(fd);
    throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  }
  const seekable = status.isFile();
  return {
    path,
    status,
    size: seekable ? status.size : undefined,
    readAt: seekable ? (offset, length, into) => readFully(fd, offset, length, into) : undefined,
    // Where standard input stands in its file, nobody says.
    blocks: () => (seekable && fd !== 0 ? new FileBlocks(fd) : readBlocks(fd)),
    close: () => {
      if (fd !== 0) closeSync(fd);
    },
  };
};

/** Bytes at hand, as a source; for the library and for tests. */
export const memorySource = (path: string, bytes: Uint8Array): Source => ({
  path,
  size: bytes.length,
  readAt: (offset, length) => bytes.subarray(offset, offset + length),
  blocks: () => [bytes],
  close: () => undefined,
});

function* readBlocks(fd: number): Generator<Uint8Array> {
  const block = new Uint8Array(SHIFT + BLOCK).subarray(SHIFT);
  // A pipe gives as much as it holds, again and again: the same object says so.
  let part = block;
  for (;;) {
    const count = readSome(fd, block);
    if (count === 0) return;
    if (count !== part.length) part = block.subarray(0, count);
    yield part;
  }
}

/** Blocks of a file. First, and behind bytes that were left out, they are small; they grow while all are wanted. */
class FileBlocks implements BlockRun {
  readonly #fd: number;
  #offset = 0;
  #size = FIRST;

  constructor(fd: number) {
    this.#fd = fd;
  }

  readonly passOver = (count: number): number => {
    const there = Math.max(0, Math.min(count, fstatSync(this.#fd).size - this.#offset));
    this.#offset += there;
    this.#size = FIRST;
    return there;
  };

  *[Symbol.iterator](): Generator<Uint8Array> {
    const block = new Uint8Array(SHIFT + BLOCK).subarray(SHIFT);
    for (;;) {
      const count = readSync(this.#fd, block, 0, this.#size, this.#offset);
      if (count === 0) return;
      this.#offset += count;
      this.#size = Math.min(this.#size * 2, BLOCK);
      yield block.subarray(0, count);
    }
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4));
/** A busy writer refills a pipe within microseconds, an idle one may take hours. */
const SHORTEST_WAIT_MS = 0.05;
const LONGEST_WAIT_MS = 20;

/** One read; a descriptor that somebody set to non-blocking is asked again until it has bytes. */
const readSome = (fd: number, block: Uint8Array): number => {
  for (let wait = SHORTEST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return readSync(fd, block, 0, block.length, null);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(idle, 0, 0, wait);
    }
  }
};

const readFully = (fd: number, offset: number, length: number, into?: Uint8Array): Uint8Array => {
  const out = into !== undefined && into.length >= length ? into : Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const count = readSync(fd, out, got, length - got, offset + got);
    if (count === 0) break;
    got += count;
  }
  return out.subarray(0, got);
};

/** The system's name for an error, `ENOENT`; undefined for errors that are not the system's. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
