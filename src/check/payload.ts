import { fileStart } from '../bytes/files.ts';
import type { BlockRun } from '../bytes/source.ts';
import { unpacking, type Allowance, type Unpacking } from '../bytes/unpack.ts';
import type { ContainerName } from '../container/names.ts';
import { libvirtHeaderLength } from '../container/libvirt-format.ts';
import { packedPayload } from '../container/libvirt.ts';
import { Blocks } from './unwrap.ts';

/**
 * An input whose container holds a compressed stream: a libvirt save image. Its blocks are those of the
 * image up to the payload, and then what the payload unfolds to, which counts as a second file.
 */
export class Payload {
  readonly #blocks: Blocks;
  readonly #allowance: Allowance;
  #unpacking: Unpacking | undefined;
  #start = 0;

  constructor(blocks: Blocks, allowance: Allowance) {
    this.#blocks = blocks;
    this.#allowance = allowance;
  }

  /** Whether the payload has begun, and is given unpacked. */
  readonly unpacked = (): boolean => this.#unpacking !== undefined;

  get damage(): string | undefined {
    return this.#unpacking?.damage;
  }

  /** The place behind `bytes` bytes of what the blocks gave. */
  end(bytes: number): number {
    return this.#unpacking === undefined ? bytes : fileStart(1) + bytes - this.#start;
  }

  /** The blocks to be walked; what is not compressed stays as it is. */
  async blocks(container: ContainerName): Promise<BlockRun | AsyncIterable<Uint8Array>> {
    if (container !== 'libvirt-save') return this.#blocks.all();
    const payload = packedPayload(await this.#blocks.head(libvirtHeaderLength));
    return payload === undefined ? this.#blocks.all() : this.#unfolded(payload);
  }

  async *#unfolded({
    start,
    packed,
    magic,
  }: NonNullable<ReturnType<typeof packedPayload>>): AsyncGenerator<Uint8Array> {
    const rest = new Cutter(this.#blocks.all());
    yield* rest.upTo(start);
    const behind = new Blocks(rest.all());
    const head = await behind.head(magic.length);
    if (!magic.every((byte, index) => head[index] === byte)) {
      // Not what the header says; what it is instead, the walker tells.
      yield* behind.all();
      return;
    }
    this.#start = start;
    this.#unpacking = unpacking(behind.all(), packed, 'payload', () => this.#allowance);
    yield* this.#unpacking.blocks();
  }
}

/** Blocks that can be asked for up to a place, and then for the rest. */
class Cutter {
  readonly #blocks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #left: Uint8Array | undefined;

  constructor(blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
    this.#blocks =
      Symbol.asyncIterator in blocks ? blocks[Symbol.asyncIterator]() : blocks[Symbol.iterator]();
  }

  async *upTo(place: number): AsyncGenerator<Uint8Array> {
    for (let left = place; left > 0;) {
      const next = await this.#blocks.next();
      if (next.done === true) return;
      const block = next.value;
      if (block.length > left) this.#left = new Uint8Array(block.subarray(left));
      yield block.subarray(0, left);
      left -= block.length;
    }
  }

  async *all(): AsyncGenerator<Uint8Array> {
    try {
      if (this.#left !== undefined) yield this.#left;
      for (;;) {
        const next = await this.#blocks.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await this.#blocks.return?.();
    }
  }
}
