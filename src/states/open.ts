import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSource, isGzip } from '../bytes/gunzip.ts';
import type { ReadAt, Source } from '../bytes/source.ts';

/** Inputs that cannot seek are held up to this size, and kept in a temporary file beyond it. */
const HELD = 8 << 20;

/** An input that can be read at any place. */
export interface Seekable {
  readonly path: string;
  readonly size: number;
  readonly readAt: ReadAt;
  /** What was wrapped around the bytes: `gzip`. */
  readonly wrapper: string | undefined;
  /** Why the bytes ended before the wrapper did. */
  readonly damage: string | undefined;
  readonly close: () => void;
}

export interface OpenOptions {
  /** False takes the bytes of a compressed input as they are. */
  readonly unwrap?: boolean;
}

/**
 * Makes an input readable at any place. A file is used where it lies; what comes out of a pipe or a
 * compression is held, or kept in a temporary file when it is large, which `close` removes.
 */
export const seekable = async (source: Source, options: OpenOptions = {}): Promise<Seekable> => {
  const { unwrap = true } = options;
  if (source.readAt !== undefined && source.size !== undefined) {
    if (!unwrap || !isGzip(source.readAt(0, 3))) {
      const { path, size, readAt, close } = source;
      return { path, size, readAt, wrapper: undefined, damage: undefined, close };
    }
    return kept(gunzipSource(source));
  }
  const raw = await kept(source);
  if (!unwrap || !isGzip(raw.readAt(0, 3))) return raw;
  const inner: Source = {
    ...raw,
    wrapper: 'gzip',
    blocks: function* () {
      for (let at = 0; at < raw.size; at += 1 << 20) yield raw.readAt(at, 1 << 20);
    },
  };
  return kept(gunzipSource(inner));
};

/** Reads a source to its end into memory or a file. */
const kept = async (source: Source): Promise<Seekable> => {
  const spool = new Spool();
  try {
    for await (const block of source.blocks()) spool.add(block);
  } catch (error) {
    spool.remove();
    throw error;
  }
  return {
    path: source.path,
    size: spool.size,
    readAt: spool.readAt,
    wrapper: source.wrapper,
    damage: source.damage,
    close: () => {
      spool.remove();
      source.close();
    },
  };
};

class Spool {
  size = 0;
  #held: Uint8Array[] = [];
  #folder: string | undefined;
  #fd: number | undefined;

  add(block: Uint8Array): void {
    if (this.#fd === undefined && this.size + block.length > HELD) this.#spill();
    if (this.#fd === undefined) this.#held.push(Uint8Array.from(block));
    else writeFully(this.#fd, block, this.size);
    this.size += block.length;
  }

  readonly readAt: ReadAt = (offset, length) => {
    const count = Math.max(Math.min(length, this.size - offset), 0);
    const fd = this.#fd;
    if (fd === undefined) {
      if (this.#held.length > 1) this.#held = [Buffer.concat(this.#held)];
      return (this.#held[0] ?? new Uint8Array(0)).subarray(offset, offset + count);
    }
    const out = new Uint8Array(count);
    for (let got = 0; got < count;) {
      const step = readSync(fd, out, got, count - got, offset + got);
      if (step === 0) break;
      got += step;
    }
    return out;
  };

  remove(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#held = [];
  }

  #spill(): void {
    this.#folder = mkdtempSync(join(tmpdir(), 'vstate-check-'));
    const name = join(this.#folder, 'input');
    // The file holds device state: nobody else may read it.
    const fd = openSync(name, 'wx+', 0o600);
    ftruncateSync(fd, 0);
    let at = 0;
    for (const block of this.#held) {
      writeFully(fd, block, at);
      at += block.length;
    }
    this.#held = [];
    this.#fd = fd;
    // Gone from the file system already, so that a crash leaves nothing behind.
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

const writeFully = (fd: number, block: Uint8Array, offset: number): void => {
  for (let done = 0; done < block.length;) {
    done += writeSync(fd, block, done, block.length - done, offset + done);
  }
};
