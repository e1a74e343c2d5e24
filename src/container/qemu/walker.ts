import { command } from './command.ts';
import { configuration } from './configuration.ts';
import { nextIsPlausible, plausibleItem, recover, lookahead } from './scan.ts';
import { section } from './section.ts';
import type { VmdescIndex } from './vmdesc.ts';
import { largestVmdesc, readVmdesc } from './vmdesc.ts';
import { Cut, Spent, Walk } from './walk.ts';
import {
  footerLength,
  QEMU_VM_COMMAND,
  QEMU_VM_CONFIGURATION,
  QEMU_VM_EOF,
  QEMU_VM_FILE_MAGIC,
  QEMU_VM_FILE_VERSION,
  QEMU_VM_SECTION_FULL,
  QEMU_VM_VMDESCRIPTION,
} from './wire.ts';
import type { EventSink, Walker } from '../events.ts';

export interface QemuWalkerOptions {
  /** Offset in the file of the first byte that will be pushed; mapped-ram offsets count from 0. */
  readonly start?: number;
  /**
   * The description that `findVmdesc` found at the end of the file; null when it found none. When
   * this is left out, as for a pipe, the walker looks ahead for it.
   */
  readonly vmdesc?: VmdescIndex | null;
  /** Told of each page of guest memory: its data, as it stands in the stream. */
  readonly guest?: (offset: number, length: number) => void;
}

/** What a file is filled up with; comparing to it takes a tenth of the time of a loop over bytes. */
const zeros = new Uint8Array(1 << 16);

/** Packages within packages that are walked as such; QEMU itself writes one. */
const deepestPackage = 16;

/**
 * Walks a QEMU migration stream: header, items up to EOF, description, trailing bytes
 * (`qemu migration/savevm.c: qemu_loadvm_state`). Total: any bytes give events, and after damage a
 * fault and the next place that is sound.
 */
export const qemuWalker = (sink: EventSink, options: QemuWalkerOptions = {}): Walker => {
  const walk = new Walk(sink, options.start ?? 0, options.vmdesc);
  walk.guest = options.guest;
  const steps = stream(walk);
  let done = false;
  const step = (): void => {
    if (!done) done = steps.next().done === true;
  };
  return {
    push(bytes) {
      if (done) return;
      walk.feed.push(bytes);
      if (walk.run?.pass() !== true) step();
      walk.feed.settle();
    },
    passing: () => walk.feed.passing,
    passOver(count) {
      walk.feed.passOver(count);
      step();
    },
    end() {
      walk.feed.finish();
      step();
    },
    declared: () => walk.declared,
    settled: () => walk.settled,
    stage: () => walk.stage,
  };
};

function* stream(walk: Walk): Generator<void, void, void> {
  try {
    yield* header(walk);
    yield* items(walk);
    yield* description(walk);
    walk.complete = true;
    yield* trailing(walk);
  } catch (error) {
    if (error instanceof Spent) yield* walk.feed.skip(Infinity);
    else if (!(error instanceof Cut)) throw error;
    else if (!walk.exhausted) cut(walk, 'truncated');
  }
  sideChannels(walk);
  walk.closeDevices();
}

/** With `file:…,offset=N` the stream begins behind bytes that are not its own, mostly a hole. */
function* leadingZeros(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  while ((yield* walk.ahead(1)) === 1) {
    const { bytes, end } = feed;
    while (feed.at < end && bytes[feed.at] === 0) feed.at += 1;
    if (feed.at < end) break;
  }
  const length = walk.position - offset;
  if (length === 0) return;
  walk.note('stream-offset', `the stream begins behind ${length} bytes of 0`, offset, length);
}

function* header(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  yield* leadingZeros(walk);
  const offset = walk.position;
  yield* walk.must(8);
  const magic = feed.view.getUint32(feed.at);
  const version = feed.view.getUint32(feed.at + 4);
  walk.emit({ kind: 'header', offset, length: 8, version });
  feed.take(8);
  if (magic !== QEMU_VM_FILE_MAGIC || version !== QEMU_VM_FILE_VERSION) {
    walk.fault('unsupported-version', offset, {
      length: 8,
      wanted: 'QEVM version 3',
      got: `0x${magic.toString(16).padStart(8, '0')} version ${version}`,
      resumed: walk.position,
    });
  }
  const got = yield* walk.ahead(1);
  if (got === 1 && feed.bytes[feed.at] === QEMU_VM_CONFIGURATION) yield* configuration(walk);
  const size = walk.index?.pageSize;
  const described =
    size !== undefined && size >= 1024 && size <= 1 << 24 && (size & (size - 1)) === 0;
  if (walk.pageSizeSettled) return;
  // Every architecture that has VFIO either writes its page bits or has 4 KiB pages.
  if (size === walk.pageSize || walk.describesVfio()) walk.pageSizeSettled = true;
  else if (described) walk.describedPageSize = size;
}

/** The items up to EOF, those of packages included. */
function* items(walk: Walk): Generator<void, void, void> {
  const packages: number[] = [];
  const { feed } = walk;
  for (;;) {
    const inner = packages.at(-1);
    if (inner !== undefined && walk.position >= inner) {
      packages.pop();
      walk.limit = packages.at(-1) ?? Infinity;
      continue;
    }
    try {
      yield* walk.must(1);
      const type = feed.bytes[feed.at] ?? 0;
      if (type === QEMU_VM_EOF) {
        if (yield* eof(walk, packages.length > 0)) return;
      } else if (type <= QEMU_VM_SECTION_FULL) {
        yield* section(walk);
      } else if (type === QEMU_VM_COMMAND) {
        const packed = yield* command(walk);
        if (packed !== undefined) enter(walk, packages, packed);
      } else yield* unknownItem(walk, type);
    } catch (error) {
      if (!(error instanceof Cut) || error.of !== 'package') throw error;
      yield* walk.feed.skip(walk.limit - walk.position);
      if (walk.position < walk.limit) throw new Cut('input');
      cut(walk, 'package-overrun');
    }
  }
}

/** Begins a package: its bytes are walked as items, none of which may reach past its end. */
const enter = (walk: Walk, packages: number[], length: number): void => {
  const end = walk.position + length;
  if (packages.length >= deepestPackage) {
    walk.spend('packages within one another', deepestPackage);
  }
  if (end > walk.limit) {
    walk.fault('package-overrun', walk.position, {
      wanted: walk.limit - walk.position,
      got: length,
      resumed: walk.position,
    });
  }
  walk.limit = Math.min(end, walk.limit);
  packages.push(walk.limit);
};

/** The bytes of a package or of the input end within an item: says so and closes its section. */
const cut = (walk: Walk, code: 'truncated' | 'package-overrun'): void => {
  const { feed, open } = walk;
  if (code === 'truncated') feed.at = feed.end;
  try {
    walk.fault(code, walk.position, { resumed: walk.position });
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
  }
  if (open === undefined) return;
  const bodyLength = walk.position - open.bodyOffset;
  walk.endSection(open, bodyLength, walk.footers === 'off' ? 'off' : 'absent', 'input-end');
};

/**
 * EOF ends the stream, and a loader stops here whatever follows. When sections do follow, an EOF
 * was put in or made of another byte; the walk goes on, so that they are judged too.
 */
function* eof(walk: Walk, packed: boolean): Generator<void, boolean, void> {
  const { feed } = walk;
  const offset = walk.position;
  walk.eof = offset;
  walk.emit({ kind: 'eof', offset, length: 1 });
  feed.take(1);
  const got = yield* walk.ahead(lookahead);
  const next = feed.bytes[feed.at];
  const end = feed.at + got;
  const more = got > 0 && next !== 0 && plausibleItem(walk, feed.at, end, got < lookahead);
  if (more) {
    walk.recovered = true;
    walk.eof = undefined;
    walk.fault('items-after-eof', offset, { length: 1, resumed: walk.position });
    return false;
  }
  if (packed) {
    // A package ends without EOF, so its length has taken in the end of the stream.
    walk.limit = Infinity;
    walk.fault('package-overrun', offset, { resumed: walk.position });
  }
  return true;
}

/** No item type: a lone footer is passed over, anything else is searched through. */
function* unknownItem(walk: Walk, type: number): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  const got = yield* walk.ahead(footerLength);
  const lone = got === footerLength && type === 0x7e && walk.footers === 'off';
  if (lone && (yield* nextIsPlausible(walk, footerLength))) {
    // The first section had no footer and this one has: they are on, and the first was damaged.
    walk.footers = 'on';
    walk.fault('missing-footer', offset, { resumed: offset + footerLength });
    feed.take(footerLength);
    return;
  }
  feed.take(1);
  const detail = {
    length: 1,
    wanted: 'an item type',
    got: `0x${type.toString(16).padStart(2, '0')}`,
  };
  const landing = yield* recover(walk, 'unknown-item', detail, offset);
  if (landing === 'footer' || landing === 'own-footer') feed.take(footerLength);
}

/** The description behind EOF. Nobody reads it on loading, so damage to it is no danger. */
function* description(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  const got = yield* walk.ahead(5);
  if (got === 0 || feed.bytes[feed.at] !== QEMU_VM_VMDESCRIPTION) return;
  if (got < 5) {
    walk.fault('vmdesc-damaged', offset, { length: got, wanted: 5, got });
    return;
  }
  const size = feed.view.getUint32(feed.at + 1);
  const event = {
    kind: 'vmdesc',
    offset,
    length: 5 + size,
    devices: 0,
    pageSize: undefined,
  } as const;
  let index = walk.index?.offset === offset ? walk.index : undefined;
  if (index === undefined && size <= largestVmdesc) {
    const there = yield* walk.ahead(5 + size);
    if (there < 5 + size) {
      feed.take(there);
      walk.emit({ ...event, state: 'damaged', length: there });
      walk.fault('vmdesc-damaged', offset, { length: there, wanted: size, got: there - 5 });
      return;
    }
    index = readVmdesc(feed.bytes.subarray(feed.at + 5, feed.at + 5 + size), offset);
  }
  feed.take(5);
  const passed = yield* feed.skip(size);
  if (size > largestVmdesc) {
    walk.emit({ ...event, state: 'too-large', length: 5 + passed });
    if (passed < size) walk.fault('vmdesc-damaged', offset, { wanted: size, got: passed });
  } else if (index === undefined) {
    walk.emit({ ...event, state: 'damaged' });
    walk.fault('vmdesc-damaged', offset, { length: 5 + size, wanted: 'JSON', got: 'other text' });
  } else {
    const { devices, pageSize } = index;
    walk.emit({ ...event, state: 'read', devices, pageSize });
  }
}

function* trailing(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  let zero = true;
  while ((yield* walk.ahead(1)) === 1) {
    const { bytes, end } = feed;
    for (let at = feed.at; zero && at < end; at += zeros.length) {
      const piece = bytes.subarray(at, Math.min(at + zeros.length, end));
      zero = Buffer.compare(piece, zeros.subarray(0, piece.length)) === 0;
    }
    feed.at = end;
  }
  const length = walk.position - offset;
  if (length > 0) walk.emit({ kind: 'trailing', offset, length, zero });
}

/** Says so when guest memory is announced but did not come on this channel. */
const sideChannels = (walk: Walk): void => {
  const { blockBytes, pages, zeros, flushes, mapped, shared } = walk.seen;
  // A guest that has not run may have nothing but zeros in its memory.
  const here = pages > 0 || shared || BigInt(zeros) * BigInt(walk.pageSize) >= blockBytes;
  if (blockBytes === 0n || mapped || (flushes === 0 && here)) return;
  const text =
    'guest memory, and possibly device state, travels in multifd side channels that are not part ' +
    'of this input';
  walk.elsewhere = true;
  const { position } = walk;
  walk.emit({
    kind: 'note',
    code: 'multifd-main-channel',
    unread: true,
    text,
    offset: position,
    length: 0,
  });
};
