import {
  commands,
  footerLength,
  QEMU_VM_COMMAND,
  QEMU_VM_EOF,
  QEMU_VM_SECTION_END,
  QEMU_VM_SECTION_FOOTER,
  QEMU_VM_SECTION_FULL,
  QEMU_VM_SECTION_PART,
  QEMU_VM_SECTION_START,
  QEMU_VM_VMDESCRIPTION,
  vfioTagHigh,
  vfioTagKind,
} from './wire.ts';
import type { FaultDetail, Landing, Walk } from './walk.ts';
import type { FaultCode } from '../events.ts';

/** Bytes that decide whether an item begins at a place: the longest section header, and a footer. */
export const lookahead = 1 + 4 + 1 + 255 + 4 + 4 + footerLength;

const highestPlausibleVersion = 1000;
/** One device has a date for its version, as in streams of QEMU 7.2: `qemu hw/nvram/eeprom93xx.c: EEPROM_VERSION`. */
const datedVersion = 20061113;

/** A START or FULL header as a QEMU would write it: small numbers and a printable name. */
const plausibleHeader = (walk: Walk, at: number, end: number): boolean => {
  const { bytes, view } = walk.feed;
  if (at + 14 > end || bytes[at + 1] !== 0 || bytes[at + 2] !== 0) return false;
  const length = bytes[at + 5] ?? 0;
  const behind = at + 6 + length;
  if (length === 0 || behind + 8 > end) return false;
  for (let index = at + 6; index < behind; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  // A few devices take an address for their instance; a name of some length makes up for that.
  const instance = view.getUint32(behind);
  if (instance >= 1 << 16 && length < 4) return false;
  const version = view.getUint32(behind + 4);
  return version <= highestPlausibleVersion || (version === datedVersion && length >= 4);
};

/** True when the next item may begin at index `at`; `last` says that nothing follows `end`. */
export const plausibleItem = (walk: Walk, at: number, end: number, last: boolean): boolean => {
  const { bytes, view } = walk.feed;
  if (at >= end) return last;
  switch (bytes[at]) {
    case QEMU_VM_EOF:
      if (at + 1 >= end) return last;
      return at + 7 <= end && bytes[at + 1] === QEMU_VM_VMDESCRIPTION && bytes[at + 6] === 0x7b;
    case QEMU_VM_SECTION_START:
    case QEMU_VM_SECTION_FULL:
      return plausibleHeader(walk, at, end);
    case QEMU_VM_SECTION_PART:
    case QEMU_VM_SECTION_END:
      return at + 5 <= end && walk.introduced.has(view.getUint32(at + 1));
    case QEMU_VM_COMMAND: {
      if (at + 5 > end) return false;
      const command = commands[view.getUint16(at + 1)];
      const length = view.getUint16(at + 3);
      return command?.lengths === 'variable' || command?.lengths.includes(length) === true;
    }
    default:
      return false;
  }
};

/** Waits for enough bytes to judge the item that begins `skip` bytes from here. */
export function* nextIsPlausible(walk: Walk, skip = 0): Generator<void, boolean, void> {
  const wanted = skip + lookahead;
  const got = yield* walk.ahead(wanted);
  if (got < skip) return false;
  const { at } = walk.feed;
  return plausibleItem(walk, at + skip, at + got, got < wanted);
}

/** Which landings a search accepts besides the footer of `own`. */
export interface ScanFor {
  /** The section whose footer is looked for. */
  readonly own: number | undefined;
  readonly otherFooters: boolean;
  readonly headers: boolean;
  /** Told of each tag of VFIO on the way, by the kind and the offset. */
  readonly tag?: (kind: number, offset: number) => void;
}

/**
 * Passes over bytes up to the first place where a footer of a known section stands before a
 * plausible item, or where a plausible START or FULL header begins. Bodies hold bytes that a guest
 * chose, so what is found is an inference; and nothing shorter than this is accepted, because
 * `7e 00 00 00 00` alone occurs in ordinary state.
 */
export function* scan(walk: Walk, wanted: ScanFor): Generator<void, Landing, void> {
  walk.searching = walk.position;
  const landing = yield* searched(walk, wanted);
  walk.searching = undefined;
  return landing;
}

function* searched(walk: Walk, wanted: ScanFor): Generator<void, Landing, void> {
  const { feed } = walk;
  const markers = new Uint8Array(256);
  if (walk.footers !== 'off') markers[QEMU_VM_SECTION_FOOTER] = 1;
  if (wanted.headers) {
    markers[QEMU_VM_SECTION_START] = 1;
    markers[QEMU_VM_SECTION_FULL] = 1;
    if (walk.footers !== 'on') markers[QEMU_VM_EOF] = 1;
  }
  if (wanted.tag !== undefined) markers[vfioTagHigh >>> 24] = 1;
  for (;;) {
    const got = yield* walk.ahead(lookahead);
    const last = got < lookahead;
    const end = last ? feed.at + got : walk.end;
    const stop = last ? end : end - lookahead + 1;
    let index = feed.at;
    for (;;) {
      index = nextMarker(feed.bytes, index, stop, markers);
      if (index >= stop) break;
      if (feed.bytes[index] === vfioTagHigh >>> 24) {
        const kind = index + 8 > end ? 0 : vfioTagKind(feed.view, index);
        if (kind !== 0) wanted.tag?.(kind, feed.position + index - feed.at);
        index += 1;
        continue;
      }
      const landing = landingAt(walk, index, end, last, wanted);
      if (landing !== undefined) {
        feed.at = index;
        return landing;
      }
      index += 1;
    }
    feed.at = stop;
    if (last) return 'end';
  }
}

/** Index of the next byte that can begin a footer or an item; gigabytes may lie before it. */
const nextMarker = (bytes: Uint8Array, from: number, stop: number, markers: Uint8Array): number => {
  let index = from;
  while (index < stop && markers[bytes[index] ?? 0] === 0) index += 1;
  return index;
};

const landingAt = (
  walk: Walk,
  index: number,
  end: number,
  last: boolean,
  { own, otherFooters }: ScanFor,
): Landing | undefined => {
  const { bytes, view } = walk.feed;
  if (bytes[index] === QEMU_VM_SECTION_FOOTER) {
    if (index + footerLength > end) return undefined;
    const id = view.getUint32(index + 1);
    if (id !== own && !(otherFooters && walk.introduced.has(id))) return undefined;
    if (!plausibleItem(walk, index + footerLength, end, last)) return undefined;
    return id === own ? 'own-footer' : 'footer';
  }
  const header =
    bytes[index] === QEMU_VM_EOF
      ? plausibleItem(walk, index, end, last)
      : plausibleHeader(walk, index, end);
  return header ? 'header' : undefined;
};

/** Reports a fault and goes on at the next sound place; everything behind it is recovered. */
export function* recover(
  walk: Walk,
  code: FaultCode,
  detail: FaultDetail = {},
  offset = walk.position,
): Generator<void, Landing, void> {
  const section = walk.open;
  const landing = yield* scan(walk, { own: section?.id, otherFooters: true, headers: true });
  walk.recovered = true;
  walk.exhausted ||= landing === 'end' && walk.limit === Infinity;
  walk.fault(code, offset, { ...detail, resumed: walk.position });
  return landing;
}
