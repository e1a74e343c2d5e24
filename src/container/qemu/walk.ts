import { Feed } from '../../bytes/feed.ts';
import type { ContainerEvent, EventSink, Fault, FaultCode, Section, SizedBy } from '../events.ts';
import type { DescribedSize, VmdescIndex } from './vmdesc.ts';
import { describedKey, searchVmdesc } from './vmdesc.ts';
import { QEMU_VM_EOF, QEMU_VM_SECTION_FOOTER } from './wire.ts';

/** A section id that has been introduced, with what PART and END take from it. */
export interface Introduced {
  readonly idstr: string;
  readonly instance: number;
  readonly version: number;
  readonly grammar: Section['grammar'];
  readonly device: number | undefined;
  /** False when only a PART or END with this id was seen. */
  readonly known: boolean;
}

/** The RAM block that records without a name belong to; it outlives the section body. */
export interface RamCursor {
  name: string | undefined;
  usedLength: number;
}

/** Where a search for the next sound place ended. */
export type Landing = 'own-footer' | 'footer' | 'header' | 'end';

export interface FaultDetail {
  readonly length?: number;
  readonly wanted?: bigint | number | string;
  readonly got?: bigint | number | string;
  readonly resumed?: number;
}

/** Unwinds the walk to the item loop: the bytes end here, those of the input or of a package. */
export class Cut extends Error {
  readonly of: 'input' | 'package';

  constructor(of: 'input' | 'package') {
    super(`the ${of} ends`);
    this.of = of;
  }
}

/** Unwinds the walk for good: a budget is spent. */
export class Spent extends Error {}

/** Bytes that may be held to look for the end of the input and the description there. */
const held = 32 << 20;
/** After a look-ahead in vain this much is walked before another is tried. */
const retryAfter = 8 << 20;
/** A record of device state is one read of at most 1 MiB; what claims far more vouches for nothing. */
const usualPiece = 4 << 20;
const mostFaults = 256;
const mostIds = 1 << 16;
const mostDevices = 1 << 12;
const mostBlocks = 1 << 16;

/** What all parts of the walk over one stream share. */
export class Walk {
  readonly feed: Feed;
  pageSize = 4096;
  /** The page size is known, and not only the usual one. */
  pageSizeSettled = false;
  /** What the description says of it, which the first page must bear out. */
  describedPageSize: number | undefined;
  /** Known from the first section on: nothing else in a stream says whether it has footers. */
  footers: 'unknown' | 'on' | 'off' = 'unknown';
  /** End of the innermost package; its bytes are a stream of their own. */
  limit = Infinity;
  recovered = false;
  /** The walk stands within a page of this run, which takes the next bytes first. */
  run: { readonly pass: () => boolean } | undefined;
  /** Told of each page of guest memory. */
  guest: ((offset: number, length: number) => void) | undefined;
  /** A search has gone to the end of the input, so that it ends is no news. */
  exhausted = false;
  /** Where a search began that has not found its end; what it will say of these bytes is not known yet. */
  searching: number | undefined;
  /** Offset of the EOF that ends the stream, when it was met. */
  eof: number | undefined;
  /** What follows is not of the stream. */
  complete = false;
  readonly capabilities = new Set<string>();
  /** POSTCOPY_ADVISE announced postcopy of RAM, so the block list may hold page sizes. */
  postcopyRam = false;
  /** The section whose body is being walked. */
  open: Section | undefined;
  readonly introduced = new Map<number, Introduced>();
  readonly cursors = new Map<number, RamCursor>();
  /** Blocks of the MEM_SIZE list and the length in use of each. */
  readonly blocks = new Map<string, number>();
  /** What decides, at the end, whether guest memory came on this channel; `pages` counts those with data. */
  readonly seen = { blockBytes: 0n, pages: 0, zeros: 0, flushes: 0, shared: false, mapped: false };
  /** A page came before any list of blocks, and was told. */
  unlisted = false;

  /** Devices whose config record was met. */
  readonly configured = new Set<number>();
  /** The rest of the states travels in multifd side channels. */
  elsewhere = false;

  readonly #sink: EventSink;
  #declared = 0;
  #memoryFrom: number | undefined;
  readonly #devices = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #bytes: number[] = [];
  #faults = 0;
  #index: VmdescIndex | undefined;
  #searched: boolean;
  #retry = 0;
  readonly #occurrences = new Map<string, number>();

  constructor(sink: EventSink, start: number, index: VmdescIndex | null | undefined) {
    this.#sink = sink;
    this.feed = new Feed(start);
    this.#index = index ?? undefined;
    this.#searched = index !== undefined;
  }

  get position(): number {
    return this.feed.position;
  }

  /** Offset before which everything has been told. */
  get settled(): number {
    const { open } = this;
    // The end of such a body shows only behind it, and what is wrong with it is said then.
    const held = open !== undefined && (open.grammar === 'device' || open.type === 'full');
    return Math.min(
      this.position,
      held ? open.offset : Infinity,
      this.searching ?? Infinity,
      this.eof ?? Infinity,
    );
  }

  get stage(): 'inside' | 'ended' | 'complete' {
    if (this.complete) return 'complete';
    return this.eof !== undefined || this.#endsLikeStream() ? 'ended' : 'inside';
  }

  /** A footer and EOF are the last bytes at hand: where nothing follows, that is the end. */
  #endsLikeStream(): boolean {
    const { bytes, view, at, end } = this.feed;
    const last = end - 1;
    if (last - 5 < at || bytes[last] !== QEMU_VM_EOF) return false;
    return (
      bytes[last - 5] === QEMU_VM_SECTION_FOOTER && this.introduced.has(view.getUint32(last - 4))
    );
  }

  /** The description, as far as it is known without looking ahead. */
  get index(): VmdescIndex | undefined {
    return this.#index;
  }

  /** The description names a VFIO section. */
  describesVfio(): boolean {
    for (const key of this.#index?.sizes.keys() ?? []) if (/(^|\/)vfio#\d+$/.test(key)) return true;
    return false;
  }

  emit(event: ContainerEvent): void {
    this.#sink(event);
  }

  note(code: string, text: string, offset: number, length = 0): void {
    this.#sink({ kind: 'note', code, text, offset, length });
  }

  /** Reports a fault; after the last that the budget allows, the walk ends. */
  fault(code: FaultCode, offset: number, detail: FaultDetail = {}): void {
    const section = this.open;
    const device = section?.device;
    const event: Fault = {
      kind: 'fault',
      offset,
      length: 0,
      code,
      ...(section === undefined ? {} : { section }),
      ...(device === undefined ? {} : { device }),
      ...detail,
    };
    this.#sink(event);
    this.#faults += 1;
    if (this.#faults >= mostFaults) this.spend('faults', mostFaults);
  }

  /** A budget is used up: says so and ends the walk. */
  spend(what: string, limit: number): never {
    this.#sink({
      kind: 'fault',
      code: 'budget',
      offset: this.position,
      length: 0,
      wanted: `at most ${limit} ${what}`,
    });
    throw new Spent();
  }

  /** Index in `feed.bytes` behind the last byte at hand that belongs to the innermost package. */
  get end(): number {
    const { feed } = this;
    return Math.min(feed.end, feed.at + (this.limit - feed.position));
  }

  /** Makes `count` contiguous bytes stand at `feed.at`. */
  *must(count: number): Generator<void, void, void> {
    const { feed } = this;
    if (feed.position + count > this.limit) throw new Cut('package');
    if (feed.end - feed.at >= count) return;
    if (!(yield* feed.need(count))) throw new Cut('input');
  }

  /** Waits for `count` bytes or for the end; gives how many of them there are. */
  *ahead(count: number): Generator<void, number, void> {
    const within = Math.min(count, this.limit - this.position);
    yield* this.feed.need(within);
    return Math.min(within, this.feed.available);
  }

  /** Passes over `count` bytes without holding them. */
  *pass(count: number): Generator<void, void, void> {
    const room = Math.min(count, this.limit - this.position);
    const passed = yield* this.feed.skip(room);
    if (passed < room) throw new Cut('input');
    if (room < count) throw new Cut('package');
  }

  /** Bytes so far that the stream declares to be guest memory, or pieces of device state of usual size. */
  get declared(): number {
    const from = this.#memoryFrom;
    return this.#declared + (from === undefined ? 0 : this.position - from);
  }

  declare(count: number): void {
    this.#declared += count;
  }

  /** Passes over `count` bytes of guest memory. */
  *memory(count: number): Generator<void, void, void> {
    this.#memoryFrom = this.position;
    try {
      yield* this.pass(count);
    } finally {
      this.#declared = this.declared;
      this.#memoryFrom = undefined;
    }
  }

  /** Hands the next `count` bytes on as state of a device, in the pieces in which they come. */
  *forward(device: number | undefined, count: number): Generator<void, void, void> {
    const { feed } = this;
    let left = Math.min(count, this.limit - this.position);
    if (count <= usualPiece) this.#declared += left;
    const short = left < count;
    while (left > 0) {
      const step = Math.min(left, feed.end - feed.at);
      if (step > 0) {
        if (device !== undefined) {
          this.#bytes[device] = (this.#bytes[device] ?? 0) + step;
          const bytes = feed.bytes.subarray(feed.at, feed.at + step);
          this.#sink({ kind: 'device-bytes', device, offset: feed.position, bytes });
        }
        feed.take(step);
        left -= step;
      } else if (feed.ended) throw new Cut('input');
      else yield;
    }
    if (short) throw new Cut('package');
  }

  /** Remembers who `id` is; the first to take an id keeps it, as in `qemu migration/savevm.c`. */
  introduce(id: number, entry: Introduced): void {
    const before = this.introduced.get(id);
    if (before?.known === true) return;
    if (before === undefined && this.introduced.size >= mostIds) this.spend('section ids', mostIds);
    this.introduced.set(id, entry);
  }

  cursor(id: number): RamCursor {
    let cursor = this.cursors.get(id);
    if (cursor === undefined) {
      cursor = { name: undefined, usedLength: Infinity };
      this.cursors.set(id, cursor);
    }
    return cursor;
  }

  addBlock(name: string, usedLength: bigint): void {
    if (this.blocks.size >= mostBlocks) this.spend('RAM blocks', mostBlocks);
    this.blocks.set(name, Number(usedLength));
  }

  get hasDevices(): boolean {
    return this.#names.length > 0;
  }

  /** The index of a device, which is opened when it is met for the first time. */
  device(name: string, instance: number, offset: number): number {
    const key = describedKey(name, instance);
    const known = this.#devices.get(key);
    if (known !== undefined) return known;
    if (this.#names.length >= mostDevices) this.spend('devices', mostDevices);
    const device = this.#names.length;
    this.#devices.set(key, device);
    this.#names.push(name);
    this.#bytes.push(0);
    this.emit({ kind: 'device-open', device, name, instance, offset });
    return device;
  }

  closeDevices(): void {
    for (const device of this.#names.keys()) {
      const partial = this.elsewhere && !this.configured.has(device);
      const bytes = this.#bytes[device] ?? 0;
      this.emit({ kind: 'device-close', device, bytes, ...(partial ? { partial } : {}) });
    }
  }

  endSection(section: Section, bodyLength: number, footer: Footer, sizedBy: SizedBy): void {
    this.open = undefined;
    const counts = this.#counts;
    this.#counts = undefined;
    this.emit({
      kind: 'section-end',
      section,
      offset: this.position,
      bodyLength,
      footer,
      sizedBy,
      ...(counts === undefined ? {} : { ram: counts }),
    });
  }

  /** Record counts of the RAM body that is open; shown with its end. */
  #counts: Record<string, number> | undefined;

  countRam(counts: Record<string, number>): void {
    this.#counts = counts;
  }

  /**
   * What the description says of the next body of this name, one entry for each FULL section. When
   * no description was handed in, bytes are held until the input ends, where it stands, or until
   * 32 MiB are held; in the latter case nothing is known for now.
   */
  *described(section: Section): Generator<void, DescribedSize | undefined, void> {
    if (!this.#searched && this.position >= this.#retry) {
      const { feed } = this;
      while (feed.available < held && !feed.ended) yield;
      if (feed.available >= held) this.#retry = this.position + retryAfter;
      else {
        this.#searched = true;
        this.#index = searchVmdesc(feed.bytes.subarray(feed.at, feed.end), feed.position);
      }
    }
    const key = describedKey(section.idstr, section.instance);
    const sizes = this.#index?.sizes.get(key);
    if (sizes === undefined) return undefined;
    const occurrence = this.#occurrences.get(key) ?? 0;
    this.#occurrences.set(key, occurrence + 1);
    return sizes[Math.min(occurrence, sizes.length - 1)];
  }
}

type Footer = 'present' | 'absent' | 'wrong-id' | 'off';
