import { Feed } from '../bytes/feed.ts';
import { fileStart } from '../bytes/files.ts';
import type { EventSink, LibvirtHeader, Walker } from './events.ts';
import {
  libvirtHeaderLength,
  libvirtMagic,
  libvirtPartialMagic,
  libvirtUnusedOffset,
  payloadFormats,
} from './libvirt-format.ts';
import { domainDevices, type DomainDevices } from './libvirt-xml.ts';
import type { CompressionName } from '../bytes/unpack.ts';
import type { QemuWalkerOptions } from './qemu/walker.ts';
import { qemuWalker } from './qemu/walker.ts';
import { latin1 } from './qemu/wire.ts';

/** The longest domain XML or cookie that is read; longer ones are passed over. */
const mostText = 1 << 20;

export interface LibvirtOptions extends QemuWalkerOptions {
  /** Whether what comes behind the texts is a compressed payload, unpacked; asked when it comes. */
  readonly unpacked?: (() => boolean) | undefined;
}

/**
 * Walks a libvirt save image: header, domain XML, cookie, padding, and the QEMU stream behind them
 * where it is not compressed or somebody unpacked it. Offsets of the stream are those of the image, which
 * is also what mapped-ram offsets inside it count from; those of an unpacked stream count from its own
 * beginning, as in a second file.
 */
export const libvirtWalker = (sink: EventSink, options: LibvirtOptions = {}): Walker => {
  const feed = new Feed();
  const steps = image(feed, sink, options);
  let inner: Walker | undefined;
  let done = false;
  const step = (): void => {
    if (done) return;
    const result = steps.next();
    if (result.done !== true) return;
    done = true;
    inner = result.value;
    inner?.push(feed.bytes.subarray(feed.at, feed.end));
  };
  return {
    push(bytes) {
      if (done) {
        inner?.push(bytes);
        return;
      }
      feed.push(bytes);
      step();
      feed.settle();
    },
    passing: () => (done ? (inner?.passing?.() ?? 0) : feed.passing),
    passOver(count) {
      if (done) {
        inner?.passOver?.(count);
        return;
      }
      feed.passOver(count);
      step();
    },
    end() {
      feed.finish();
      step();
      inner?.end();
    },
    declared: () => inner?.declared?.() ?? 0,
    settled: () => inner?.settled?.() ?? 0,
    stage: () => inner?.stage?.() ?? 'inside',
  };
};

function* image(
  feed: Feed,
  sink: EventSink,
  { unpacked, ...options }: LibvirtOptions,
): Generator<void, Walker | undefined, void> {
  const cut = (): void => {
    sink({ kind: 'fault', code: 'truncated', offset: feed.reach, length: 0 });
  };
  if (!(yield* feed.need(libvirtHeaderLength))) {
    cut();
    return undefined;
  }
  const header = readHeader(feed);
  sink(header);
  feed.take(libvirtHeaderLength);
  const { dataLength, cookieOffset, formatName } = header;
  if (dataLength === 0) {
    // Nothing says where the payload is; libvirt refuses such an image.
    yield* feed.skip(Infinity);
    return undefined;
  }
  const hasCookie = cookieOffset > 0 && cookieOffset < dataLength;
  const xmlLength = hasCookie ? cookieOffset : dataLength;
  const xml = yield* text(feed, sink, 'domain', xmlLength);
  if (hasCookie) yield* text(feed, sink, 'cookie', dataLength - cookieOffset);
  if (!xml || feed.position < libvirtHeaderLength + dataLength) {
    cut();
    return undefined;
  }
  const format = payloadFormats.find(({ name }) => name === formatName);
  const start = feed.position;
  const got = yield* atHand(feed, 9);
  if (format?.packed !== undefined && unpacked?.() === true) {
    sink({ kind: 'libvirt-payload', offset: start, length: 0, formatName, matches: true });
    // What was looked up at the end of the file was looked up in compressed bytes.
    const { guest } = options;
    return qemuWalker(sink, { ...(guest === undefined ? {} : { guest }), start: fileStart(1) });
  }
  const magic = format?.magic ?? [];
  const matches = magic.every((byte, at) => at < got && feed.bytes[feed.at + at] === byte);
  sink({ kind: 'libvirt-payload', offset: start, length: 0, formatName, matches });
  if (format?.packed === undefined) return qemuWalker(sink, { ...options, start });
  sink({
    kind: 'note',
    code: 'payload-compressed',
    unread: true,
    text: `the payload is ${matches ? '' : 'said to be '}${formatName}-compressed and was not checked`,
    offset: start,
    length: 0,
  });
  yield* feed.skip(Infinity);
  return undefined;
}

function* atHand(feed: Feed, count: number): Generator<void, number, void> {
  yield* feed.need(count);
  return Math.min(count, feed.available);
}

/** Where the payload of an image begins, and how it is compressed; undefined when it is not. */
export const packedPayload = (
  head: Uint8Array,
):
  | {
      readonly start: number;
      readonly packed: CompressionName;
      readonly magic: readonly number[];
    }
  | undefined => {
  if (head.length < libvirtHeaderLength) return undefined;
  const feed = new Feed();
  feed.push(head);
  const { dataLength, formatName } = readHeader(feed);
  const { packed, magic = [] } = payloadFormats.find(({ name }) => name === formatName) ?? {};
  if (packed === undefined || dataLength === 0) return undefined;
  return { start: libvirtHeaderLength + dataLength, packed, magic };
};

/** `libvirt src/qemu/qemu_saveimage.c: qemuSaveImageOpen` tries the other byte order on a large version. */
const readHeader = ({ bytes, view, at, position }: Feed): LibvirtHeader => {
  const little = view.getUint32(at + 16, true) <= 2 || view.getUint32(at + 16, false) > 2;
  const word = (index: number): number => view.getUint32(at + 16 + index * 4, little);
  const magic = latin1(bytes, at, 16);
  const [version, dataLength, wasRunning, format, cookieOffset] = [0, 1, 2, 3, 4].map(word);
  const number = version === 1 ? 0 : (format ?? 0);
  return {
    kind: 'libvirt-header',
    offset: position,
    length: libvirtHeaderLength,
    magic:
      magic === libvirtMagic ? 'complete' : magic === libvirtPartialMagic ? 'partial' : 'other',
    byteOrder: little ? 'little' : 'big',
    version: version ?? 0,
    dataLength: dataLength ?? 0,
    wasRunning: wasRunning ?? 0,
    format: number,
    formatName: payloadFormats[number]?.name ?? 'unknown',
    cookieOffset: cookieOffset ?? 0,
    unusedZero: bytes
      .subarray(at + libvirtUnusedOffset, at + libvirtHeaderLength)
      .every((byte) => byte === 0),
  };
};

/** A text of at most `room` bytes and the padding behind it; false when the input ends before. */
function* text(
  feed: Feed,
  sink: EventSink,
  part: 'domain' | 'cookie',
  room: number,
): Generator<void, boolean, void> {
  const offset = feed.position;
  const held = Math.min(room, mostText);
  const got = yield* atHand(feed, held);
  const nul = feed.bytes.subarray(feed.at, feed.at + got).indexOf(0);
  const terminated = nul >= 0;
  const length = terminated ? nul + 1 : got;
  const { names: devices, complete }: DomainDevices =
    part === 'domain'
      ? domainDevices(latin1(feed.bytes, feed.at, terminated ? nul : got))
      : { names: [], complete: false };
  sink({ kind: 'libvirt-text', part, offset, length, terminated, devices, complete });
  feed.take(length);
  const padding = yield* zeros(feed, room - length);
  const { position } = feed;
  if (position > offset + length) {
    sink({
      kind: 'libvirt-text',
      part: 'padding',
      offset: offset + length,
      length: position - offset - length,
      terminated: padding,
      devices: [],
      complete: false,
    });
  }
  return position === offset + room;
}

/** Passes over `count` bytes; true when all are 0. */
function* zeros(feed: Feed, count: number): Generator<void, boolean, void> {
  let left = count;
  let zero = true;
  while (left > 0 && (yield* feed.need(1))) {
    const step = Math.min(left, feed.available);
    const { bytes, at } = feed;
    for (let index = at; zero && index < at + step; index += 1) zero = bytes[index] === 0;
    feed.take(step);
    left -= step;
  }
  return zero;
}
