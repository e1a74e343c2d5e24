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
import { compressionHead, compressionOf, unpackedSource, unpacking } from '../bytes/unpack.ts';
import { detectContainer } from '../container/detect.ts';
import type { ContainerName } from '../container/names.ts';
import type { Walker } from '../container/events.ts';
import { walkerFor } from '../container/walker.ts';
import { libvirtFormatOffset, libvirtHeaderLength } from '../container/libvirt-format.ts';
import { packedPayload } from '../container/libvirt.ts';
import type { ReadAt, Source } from '../bytes/source.ts';

/** Inputs that cannot seek are held up to this size, and kept in a temporary file beyond it. */
const HELD = 8 << 20;

/** An input that can be read at any place. */
export interface Seekable {
  readonly path: string;
  readonly size: number;
  readonly readAt: ReadAt;
  /** What was wrapped around the bytes: `gzip`, `zstd`, … */
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
  const { path, size, readAt, close } = source;
  const raw =
    readAt !== undefined && size !== undefined
      ? { path, size, readAt, wrapper: undefined, damage: undefined, close }
      : await kept(source);
  if (!unwrap) return raw;
  const name = compressionOf(raw.readAt(0, compressionHead));
  if (name === undefined) return rawImage(raw);
  const plain = unpackedSource(sourceOf(raw), name);
  return rawImage(await kept(declaring(plain)));
};

/** What can be read at any place, as one pass. */
const sourceOf = (input: Seekable): Source => ({
  path: input.path,
  size: input.size,
  readAt: input.readAt,
  close: input.close,
  blocks: () => piecesOf(input, 0, input.size),
});

function* piecesOf({ readAt }: Seekable, start: number, end: number): Generator<Uint8Array> {
  for (let at = start; at < end; at += 1 << 20) yield readAt(at, Math.min(end - at, 1 << 20));
}

/** A libvirt image whose payload is compressed, as the raw image that says the same. */
const rawImage = async (input: Seekable): Promise<Seekable> => {
  const head = input.readAt(0, libvirtHeaderLength);
  if (detectContainer(head) !== 'libvirt-save') return input;
  const payload = packedPayload(head);
  if (payload === undefined || payload.start >= input.size) return input;
  const { start, packed, magic } = payload;
  if (Buffer.compare(input.readAt(start, magic.length), Uint8Array.from(magic)) !== 0) return input;
  const walker = counting('qemu');
  const packedBytes = piecesOf(input, start, input.size);
  const unpacked = unpacking(packedBytes, packed, 'payload', () => ({
    declared: () => walker.declared?.() ?? 0,
  }));
  return kept({
    ...sourceOf(input),
    wrapper: packed,
    get damage() {
      return unpacked.damage ?? input.damage;
    },
    async *blocks() {
      const raw = Uint8Array.from(head);
      raw.fill(0, libvirtFormatOffset, libvirtFormatOffset + 4);
      yield raw;
      yield* piecesOf(input, libvirtHeaderLength, start);
      for await (const block of unpacked.blocks()) {
        walker.push(block);
        yield block;
      }
    },
  });
};

/** Walks the plain bytes on their way, to tell how much of them is memory of a guest. */
const declaring = (plain: Source): Source => {
  let walker: Walker | undefined;
  plain.allow?.({ declared: () => walker?.declared?.() ?? 0 });
  return {
    ...plain,
    get damage() {
      return plain.damage;
    },
    async *blocks() {
      for await (const block of plain.blocks()) {
        // An empty block says that there is nothing yet.
        if (block.length > 0) walker ??= counting(detectContainer(block));
        walker?.push(block);
        yield block;
      }
    },
  };
};

const counting = (container: ContainerName): Walker =>
  walkerFor(container, () => undefined, { readAt: undefined, size: undefined, live: true });

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
