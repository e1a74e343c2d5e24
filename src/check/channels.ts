import { fileStart, inFile, mostFiles } from '../bytes/files.ts';
import type { ReadAt, Source } from '../bytes/source.ts';
import type { ContainerEvent, EventSink, MultifdPacket, Section } from '../container/events.ts';
import { assemble } from '../container/multifd-assembly.ts';
import { mostPackets, PacketIndex } from '../container/multifd-index.ts';
import { MULTIFD_FLAG_SYNC, multifdWalker } from '../container/multifd.ts';
import { eachBlock, unwrapped } from './unwrap.ts';

/** Device state that is kept of channels that cannot be read at any place. */
const mostKept = 64 << 20;

/** Channels that cannot be examined together; says in one line what the user can do. */
export class ChannelError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The page of a block that lies farthest, and the packet that has it. */
interface Farthest {
  readonly page: bigint;
  readonly pageSize: bigint;
  readonly offset: number;
  readonly length: number;
}

/** Blocks of RAM that are remembered; QEMU has a few dozen at most. */
const mostBlocks = 4096;

interface Known {
  readonly instance: number;
  readonly name: string;
  section: Section | undefined;
}

/**
 * The side channels of a migration whose main channel is the input. They are walked first, and of
 * each packet of device state only its place is remembered; when the main channel has told all
 * that it has of a device, the packets are read in the order of their indexes.
 */
export class Channels {
  readonly #sources: readonly Source[];
  readonly #sink: EventSink;
  readonly #expired: () => boolean;
  readonly #index = new PacketIndex();
  readonly #kept = new Kept();
  readonly #seekers: (ReadAt | undefined)[] = [];
  readonly #devices = new Map<number, Known>();
  /** Lengths of the blocks of RAM that the main channel lists. */
  readonly #blocks = new Map<string, bigint>();
  /** Blocks that packets name. */
  readonly #pages = new Map<string, Farthest>();
  #full = false;
  /** Why a channel ended early, when a compression around it was damaged. */
  damage: string | undefined;

  constructor(sources: readonly Source[], sink: EventSink, expired: () => boolean) {
    if (sources.length >= mostFiles) {
      throw new ChannelError(
        `${sources.length} channels are given`,
        `QEMU has at most ${mostFiles - 1}`,
      );
    }
    this.#sources = sources;
    this.#sink = sink;
    this.#expired = expired;
  }

  /** Walks every channel to its end. */
  async walk(): Promise<void> {
    for (const [at, source] of this.#sources.entries()) {
      if (this.#expired()) return;
      const plain = await unwrapped(source);
      this.#seekers.push(plain.readAt);
      this.#index.begin();
      const start = fileStart(at + 1);
      const walker = multifdWalker(this.#take, {
        start,
        together: true,
        ...(plain.readAt === undefined
          ? {
              payload: (offset, bytes) => {
                this.#kept.add(source.path, offset, bytes);
              },
            }
          : {}),
      });
      plain.allow?.({ declared: () => walker.declared?.() ?? 0 });
      const take = (block: Uint8Array): boolean => {
        walker.push(block);
        return !this.#expired();
      };
      await eachBlock(plain.blocks(), take, {
        passing: () => walker.passing?.() ?? 0,
        passOver: (count) => walker.passOver?.(count),
      });
      walker.end();
      if (plain.damage !== undefined) this.damage ??= `${source.path}: ${plain.damage}`;
    }
  }

  /** Takes what the main channel tells, to know its devices by name. */
  main(event: ContainerEvent): void {
    if (event.kind === 'device-open') {
      const { device, name, instance } = event;
      this.#devices.set(device, { instance, name, section: undefined });
    } else if (event.kind === 'section' && event.section.device !== undefined) {
      const known = this.#devices.get(event.section.device);
      if (known !== undefined) known.section ??= event.section;
    } else if (event.kind === 'ram-block' && this.#blocks.size < mostBlocks) {
      this.#blocks.set(event.name, event.usedLength);
    }
  }

  /** Tells the packets of a device; false when they stop at a gap. */
  close(device: number): boolean {
    const { section, instance } = this.#devices.get(device) ?? {};
    if (section === undefined || instance === undefined) return true;
    const wanted = { device, instance, section };
    return assemble(this.#index, wanted, this.#readAt, this.#sink, this.#expired);
  }

  /** After the main channel: packets of devices and pages of blocks that it does not know. */
  end(): void {
    this.#comparePages();
    const known = new Set(
      [...this.#devices.values()].map(({ name, instance }) => `${name}#${instance}`),
    );
    for (const { idstr, instance, first } of this.#index.owners()) {
      if (known.has(`${idstr}#${instance}`)) continue;
      this.#sink({
        kind: 'fault',
        code: 'multifd-device-unknown',
        offset: first,
        length: 276,
        got: `${JSON.stringify(idstr)}, instance ${instance}`,
      });
    }
  }

  #comparePages(): void {
    // Without a list nothing is known; with too long a one not all of it is.
    if (this.#blocks.size === 0 || this.#blocks.size >= mostBlocks) return;
    for (const [name, { page, pageSize, offset, length }] of this.#pages) {
      const used = this.#blocks.get(name);
      if (used !== undefined && page + pageSize <= used) continue;
      const [wanted, got] =
        used === undefined
          ? ['a block of the list in the main channel', `pages of ${JSON.stringify(name)}`]
          : [
              `pages within 0x${used.toString(16)} bytes`,
              `a page of ${JSON.stringify(name)} at 0x${page.toString(16)}`,
            ];
      this.#sink({ kind: 'fault', code: 'multifd-page-outside', offset, length, wanted, got });
    }
  }

  #addPages({ ram, offset, length }: MultifdPacket): void {
    if (ram?.farthest === undefined) return;
    const { block, farthest: page } = ram;
    const before = this.#pages.get(block);
    if (before === undefined ? this.#pages.size >= mostBlocks : before.page >= page) return;
    this.#pages.set(block, { page, pageSize: BigInt(ram.pageSize), offset, length });
  }

  readonly #take = (event: ContainerEvent): void => {
    this.#sink(event);
    if (event.kind === 'multifd-packet') this.#addPages(event);
    if (event.kind === 'fault' && event.code === 'multifd-truncated') this.#index.cut(event.offset);
    if (event.kind !== 'multifd-packet' || event.device === undefined) return;
    const { terminated, version } = event.device;
    const refused = !terminated || version !== 0 || event.payloadLength < 12;
    if (refused || (event.flags & MULTIFD_FLAG_SYNC) !== 0) return;
    if (this.#index.add(event) || this.#full) return;
    this.#full = true;
    const { offset, length } = event;
    const wanted = `at most ${mostPackets} packets of device state`;
    this.#sink({ kind: 'fault', code: 'budget', offset, length, wanted, got: 'more' });
  };

  readonly #readAt: ReadAt = (offset, length, into) => {
    const place = inFile(offset);
    const seek = this.#seekers[place.file - 1];
    return seek === undefined ? this.#kept.read(offset, length) : seek(place.offset, length, into);
  };
}

/** Device state of channels that are read once: compressed ones and pipes. */
class Kept {
  readonly #offsets: number[] = [];
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  add(path: string, offset: number, bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > mostKept) {
      throw new ChannelError(
        `${path}: more than ${mostKept >> 20} MiB of device state in channels that cannot seek`,
        'give the channels as uncompressed files',
      );
    }
    this.#offsets.push(offset);
    this.#pieces.push(Uint8Array.from(bytes));
  }

  read(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    let got = 0;
    for (let at = this.#find(offset); got < length; at += 1) {
      const piece = this.#pieces[at];
      const from = offset + got - (this.#offsets[at] ?? Infinity);
      if (piece === undefined || from < 0 || from >= piece.length) break;
      const part = piece.subarray(from, from + length - got);
      out.set(part, got);
      got += part.length;
    }
    return out.subarray(0, got);
  }

  /** The last piece that begins at or before `offset`. */
  #find(offset: number): number {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#offsets[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }
}
