import { Feed } from '../bytes/feed.ts';
import type { EventSink, Fault, MultifdPacket, Walker } from './events.ts';
import { latin1 } from './qemu/wire.ts';

/** `qemu migration/multifd.h`. */
const MULTIFD_MAGIC = 0x11223344;
const MULTIFD_VERSION = 1;
export const MULTIFD_FLAG_SYNC = 0x01;
export const MULTIFD_FLAG_DEVICE_STATE = 0x40;
const compressionFlags = 0x3e;
const helloLength = 64;
const ramHeaderLength = 320;
const deviceHeaderLength = 276;
/** Version, index and flags of VFIO before the data: `qemu hw/vfio/migration-multifd.h`. */
const vfioHeaderLength = 12;
/** Pages that fill the 512 KiB of one packet: of 4 KiB, and of the other sizes that targets have. */
const usualCount = 128;
const otherCounts = [512, 64, 32, 8] as const;
const packetBytes = 512 << 10;
/** A compressed packet must fit into the receiver's buffer. */
const mostCompressed = 1 << 20;
/** Packets of pages and of device state hold less; what claims more vouches for nothing. */
const mostUsual = 4 << 20;
const mostFaults = 256;

export interface MultifdWalkerOptions {
  /** Offset of the first byte; not 0 where several channels are one input. */
  readonly start?: number;
  /** The other channels are walked too, so that nothing stays undecided. */
  readonly together?: boolean;
  /** Told of the bytes of each packet of device state as they come; borrowed until it returns. */
  readonly payload?: (offset: number, bytes: Uint8Array) => void;
}

/** Walks one side channel of a multifd migration: a hello, then packets in sync by their headers. */
export const multifdWalker = (sink: EventSink, options: MultifdWalkerOptions = {}): Walker => {
  const feed = new Feed(options.start ?? 0);
  const told = { pages: undefined, devices: false, faults: 0, declared: 0 };
  const state: Channel = { feed, sink, payload: options.payload, ...told };
  const steps = channel(state, options.together === true);
  let done = false;
  const step = (): void => {
    if (!done) done = steps.next().done === true;
  };
  return {
    push(bytes) {
      if (done) return;
      feed.push(bytes);
      step();
      feed.settle();
    },
    passing: () => feed.passing,
    passOver(count) {
      feed.passOver(count);
      step();
    },
    declared: () => state.declared,
    end() {
      feed.finish();
      step();
    },
  };
};

interface Channel {
  readonly feed: Feed;
  readonly sink: EventSink;
  readonly payload: MultifdWalkerOptions['payload'];
  /** Offsets in a RAM packet; the first packet that shows it decides. */
  pages: number | undefined;
  devices: boolean;
  faults: number;
  /** Bytes of packets that can be what they say. */
  declared: number;
}

const fault = (
  { sink }: Channel,
  code: Fault['code'],
  offset: number,
  detail: Pick<Fault, 'wanted' | 'got' | 'resumed'> & { readonly length?: number } = {},
): void => sink({ kind: 'fault', code, offset, length: 0, ...detail });

function* channel(state: Channel, together: boolean): Generator<void, void, void> {
  const { feed, sink } = state;
  const complete = (yield* hello(state)) && (yield* packets(state));
  if (!complete) fault(state, 'multifd-truncated', feed.reach);
  if (together) return;
  const what = state.devices
    ? 'device state in this channel is one share of several and was not put together'
    : 'this is one side channel of several';
  sink({
    kind: 'note',
    code: 'multifd-side-channel',
    unread: true,
    text: `${what}; guest pages were passed over`,
    offset: feed.position,
    length: 0,
  });
}

function* hello(state: Channel): Generator<void, boolean, void> {
  const { feed, sink } = state;
  if (!(yield* feed.need(helloLength))) return false;
  const { view, bytes, at, position } = feed;
  let uuid = '';
  for (let index = 8; index < 24; index += 1) {
    uuid += (bytes[at + index] ?? 0).toString(16).padStart(2, '0');
  }
  const version = view.getUint32(at + 4);
  const channelId = bytes[at + 24] ?? 0;
  sink({
    kind: 'multifd-hello',
    offset: position,
    length: helloLength,
    version,
    uuid,
    channel: channelId,
  });
  feed.take(helloLength);
  if (version !== MULTIFD_VERSION || view.getUint32(at) !== MULTIFD_MAGIC) {
    const detail = { length: helloLength, wanted: 'magic 0x11223344 and version 1' };
    fault(state, 'multifd-hello-invalid', position, { ...detail, got: `version ${version}` });
  }
  return true;
}

/** Packets up to the end of the channel; false when it ends inside one. */
function* packets(state: Channel): Generator<void, boolean, void> {
  const { feed } = state;
  for (;;) {
    if (!(yield* feed.need(1))) return true;
    if (!(yield* feed.need(12))) return false;
    const { view, at, position } = feed;
    if (view.getUint32(at) !== MULTIFD_MAGIC || view.getUint32(at + 4) !== MULTIFD_VERSION) {
      if (!(yield* resync(state, position))) return true;
      continue;
    }
    const flags = view.getUint32(at + 8);
    const device = (flags & MULTIFD_FLAG_DEVICE_STATE) !== 0;
    const packet = device ? yield* devicePacket(state, flags) : yield* ramPacket(state, flags);
    if (packet === undefined) return false;
    state.sink(packet);
    const wrong = packet.ram === undefined ? undefined : ramFault(packet, packet.ram);
    if (wrong !== undefined) {
      fault(state, 'multifd-packet-invalid', packet.offset, { length: packet.length, ...wrong });
    }
    const { payloadLength } = packet;
    if (wrong === undefined && payloadLength <= mostUsual) {
      state.declared += packet.length + payloadLength;
    }
    const passed =
      device && state.payload !== undefined
        ? yield* forward(feed, payloadLength, state.payload)
        : yield* feed.skip(payloadLength);
    if (passed < payloadLength) return false;
  }
}

/** Passes over `count` bytes and shows them on the way; gives how many there were. */
function* forward(
  feed: Feed,
  count: number,
  show: (offset: number, bytes: Uint8Array) => void,
): Generator<void, number, void> {
  let left = count;
  for (;;) {
    const step = Math.min(left, feed.available);
    if (step > 0) show(feed.position, feed.bytes.subarray(feed.at, feed.at + step));
    feed.take(step);
    left -= step;
    if (left === 0 || (feed.ended && feed.available === 0)) return count - left;
    yield;
  }
}

/** Searches the next packet header; false at the end of the channel or of the budget. */
function* resync(state: Channel, offset: number): Generator<void, boolean, void> {
  const { feed } = state;
  state.faults += 1;
  const given = state.faults >= mostFaults;
  feed.take(1);
  while (yield* feed.need(12)) {
    const { bytes, view, end } = feed;
    let index = bytes.indexOf(0x11, feed.at);
    while (index >= 0 && index + 12 <= end) {
      if (
        view.getUint32(index) === MULTIFD_MAGIC &&
        view.getUint32(index + 4) === MULTIFD_VERSION &&
        !given
      ) {
        feed.at = index;
        fault(state, 'multifd-packet-invalid', offset, {
          wanted: 'a packet header',
          got: 'other bytes',
          resumed: feed.position,
        });
        return true;
      }
      index = bytes.indexOf(0x11, index + 1);
    }
    feed.at = index < 0 ? end : index;
  }
  yield* feed.skip(Infinity);
  fault(state, given ? 'budget' : 'multifd-packet-invalid', offset, {
    wanted: given ? `at most ${mostFaults} faults` : 'a packet header',
    got: 'other bytes',
  });
  return false;
}

function* ramPacket(
  state: Channel,
  flags: number,
): Generator<void, MultifdPacket | undefined, void> {
  const { feed } = state;
  if (!(yield* feed.need(ramHeaderLength))) return undefined;
  const { view, bytes, at, position } = feed;
  const allocated = view.getUint32(at + 12);
  const normal = view.getUint32(at + 16);
  const size = view.getUint32(at + 20);
  const number = view.getBigUint64(at + 24);
  const zero = view.getUint32(at + 32);
  const name = latin1(bytes, at + 64, 256);
  const nul = name.indexOf('\0');
  const block = nul < 0 ? name : name.slice(0, nul);
  // Before 9.0 a SYNC packet keeps a stale size with no payload behind it.
  const payloadLength = normal > 0 ? size : 0;
  const count = yield* offsetCount(state, allocated, payloadLength);
  const length = ramHeaderLength + 8 * count;
  if (!(yield* feed.need(length))) return undefined;
  const pageSize = packetBytes / count;
  const offsets = offsetsIn(feed, Math.min(normal + zero, count), pageSize);
  feed.take(length);
  return {
    kind: 'multifd-packet',
    offset: position,
    length,
    flags,
    payloadOffset: position + length,
    payloadLength,
    ram: { block, allocated, normal, zero, number, pageSize, ...offsets },
  };
}

/** What is told of the offsets of a packet, normal pages before zero ones. */
const offsetsIn = (
  { view, at }: Feed,
  used: number,
  page: number,
): { readonly farthest?: bigint; readonly misplaced?: bigint } => {
  const first = at + ramHeaderLength;
  let farthest = -1;
  let most = -1;
  let misplaced = -1;
  // A channel of zero pages is nearly all offsets, and bigints are slow; halves tell the same.
  for (let index = first; index < first + 8 * used; index += 8) {
    const low = view.getUint32(index + 4);
    const offset = view.getUint32(index) * 0x1_0000_0000 + low;
    if (offset > most) {
      most = offset;
      farthest = index;
    }
    if ((low & (page - 1)) !== 0 && misplaced < 0) misplaced = index;
  }
  return {
    ...(farthest < 0 ? {} : { farthest: view.getBigUint64(farthest) }),
    ...(misplaced < 0 ? {} : { misplaced: view.getBigUint64(misplaced) }),
  };
};

/**
 * How many offsets a packet has: the array is sent whole, and only the page size says how long it is.
 * A loader goes by its own and not by what the packet says, so where pages of 4 KiB fit they are taken.
 */
function* offsetCount(
  state: Channel,
  allocated: number,
  payload: number,
): Generator<void, number, void> {
  if (state.pages !== undefined) return state.pages;
  const { feed } = state;
  if (allocated === usualCount) {
    state.pages = usualCount;
    return usualCount;
  }
  for (const count of [usualCount, ...otherCounts]) {
    const next = ramHeaderLength + 8 * count + payload;
    if (payload > mostCompressed) break;
    const there = yield* feed.need(next + 4);
    const end = !there && feed.available === next;
    if (!end && !(there && feed.view.getUint32(feed.at + next) === MULTIFD_MAGIC)) continue;
    if (!end) state.pages = count;
    return count;
  }
  return usualCount;
}

/** What a receiver refuses in a RAM packet, or should: `qemu migration/multifd-nocomp.c`. */
const ramFault = (
  { flags, length, payloadLength }: MultifdPacket,
  { allocated, normal, zero, pageSize, misplaced }: NonNullable<MultifdPacket['ram']>,
): { readonly wanted: string; readonly got: string } | undefined => {
  const compression = flags & compressionFlags;
  const several = (compression & (compression - 1)) !== 0;
  if (several || (flags & ~(MULTIFD_FLAG_SYNC | compressionFlags)) !== 0) {
    return { wanted: 'flags that a packet can have', got: `flags 0x${flags.toString(16)}` };
  }
  const count = (length - ramHeaderLength) / 8;
  if (allocated > count || normal > allocated || zero > allocated - normal) {
    return {
      wanted: `at most ${count} pages, normal and zero ones together`,
      got: `${allocated} allocated, ${normal} normal, ${zero} zero`,
    };
  }
  if (misplaced !== undefined) {
    const got = `a page at 0x${misplaced.toString(16)}`;
    return { wanted: `pages at multiples of 0x${pageSize.toString(16)}`, got };
  }
  if (normal === 0) return undefined;
  const compressed = compression !== 0;
  const pages = normal * pageSize;
  if (compressed ? payloadLength > mostCompressed : payloadLength !== pages) {
    const wanted = compressed ? `at most ${mostCompressed} bytes` : `${pages} bytes of pages`;
    return { wanted, got: `${payloadLength} bytes` };
  }
  return undefined;
};

function* devicePacket(
  state: Channel,
  flags: number,
): Generator<void, MultifdPacket | undefined, void> {
  const { feed } = state;
  if (!(yield* feed.need(deviceHeaderLength))) return undefined;
  const size = feed.view.getUint32(feed.at + 272);
  const inner = Math.min(size, vfioHeaderLength);
  if (!(yield* feed.need(deviceHeaderLength + inner))) return undefined;
  const { view, bytes, at, position } = feed;
  const name = latin1(bytes, at + 12, 256);
  const nul = name.indexOf('\0');
  state.devices = true;
  const field = (offset: number): number =>
    inner >= offset + 4 ? view.getUint32(at + deviceHeaderLength + offset) : 0;
  const packet: MultifdPacket = {
    kind: 'multifd-packet',
    offset: position,
    length: deviceHeaderLength,
    flags,
    payloadOffset: position + deviceHeaderLength,
    payloadLength: size,
    device: {
      idstr: nul < 0 ? name : name.slice(0, nul),
      instance: view.getUint32(at + 268),
      version: field(0),
      index: field(4),
      flags: field(8),
      terminated: nul >= 0,
    },
  };
  feed.take(deviceHeaderLength);
  return packet;
}
