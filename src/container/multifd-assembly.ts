import type { ReadAt } from '../bytes/source.ts';
import type { DeviceConfig, EventSink, MultifdState, Section } from './events.ts';
import type { IndexedPacket, PacketIndex } from './multifd-index.ts';
import { configLength, longestConfig } from './qemu/pci-config.ts';
import { QEMU_VM_SUBSECTION, VFIO_MIG_FLAG, vfioTagKind } from './qemu/wire.ts';

/** Device data is read in pieces of this size. */
const piece = 1 << 18;
/** The longest config packet that is read; twice the longest record that a config space explains. */
const mostConfig = 2 * longestConfig;
/** Gaps and stray packets that are told one by one. */
const mostTold = 16;
/** Bytes of a VFIO packet header before the data. */
const headerLength = 12;

/** A device of the main channel whose packets are wanted. */
export interface Assembled {
  readonly device: number;
  readonly instance: number;
  /** Its first section in the main channel, which lends its name to what the packets hold. */
  readonly section: Section;
}

/**
 * Puts the packets of one device together: tells its data in the order of indexes as `device-bytes`,
 * its config record, and what is missing or too much as `multifd-state`. Only places are held; the
 * data is read when its turn has come. False when the data stops at a gap.
 */
export const assemble = (
  index: PacketIndex,
  { device, instance, section }: Assembled,
  readAt: ReadAt,
  sink: EventSink,
  expired: () => boolean = () => false,
): boolean => {
  const packets = (): Iterable<IndexedPacket> => index.packets(section.idstr, instance);
  const configPackets: { readonly offset: number }[] = [];
  let last: IndexedPacket | undefined;
  let configs = 0;
  for (const packet of packets()) {
    if (!packet.config) continue;
    last = packet;
    configs += 1;
    if (configs <= mostTold) configPackets.push({ offset: packet.offset - headerLength });
  }
  const missing: MultifdState['missing'][number][] = [];
  const behindConfig: MultifdState['behindConfig'][number][] = [];
  let count = 0;
  let bytes = 0;
  let next = 0;
  let gap = false;
  // One for all: with a new one for each piece, 10 GiB took 23 s of the kernel's time and not 7.
  const buffer = new Uint8Array(piece);
  for (const packet of packets()) {
    const offset = packet.offset - headerLength;
    count += 1;
    if (last !== undefined && packet.index > last.index) {
      if (behindConfig.length < mostTold) behindConfig.push({ index: packet.index, offset });
      continue;
    }
    if (packet.index > next) {
      gap = true;
      const run = { from: next, count: packet.index - next, offset };
      if (missing.length < mostTold) missing.push(run);
    }
    next = packet.index + 1;
    if (packet.config || gap || expired()) continue;
    for (let at = 0; at < packet.length; at += piece) {
      const length = Math.min(piece, packet.length - at);
      const data = readAt(packet.offset + at, length, buffer);
      bytes += data.length;
      sink({ kind: 'device-bytes', device, offset: packet.offset + at, bytes: data });
    }
  }
  if (last !== undefined) tellConfig(last, readAt, { device, section }, sink);
  sink({
    kind: 'multifd-state',
    device,
    name: section.idstr,
    offset: section.offset,
    length: 0,
    packets: count,
    configs,
    bytes,
    missing,
    behindConfig,
    configPackets,
  });
  return !gap;
};

/** The record in a config packet: CONFIG_STATE, the config, END_OF_STATE. */
const tellConfig = (
  { offset, length }: IndexedPacket,
  readAt: ReadAt,
  { device, section }: Pick<Assembled, 'device' | 'section'>,
  sink: EventSink,
): void => {
  const bytes = readAt(offset, Math.min(length, mostConfig));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = { kind: 'fault', section, device, length: 8 } as const;
  const tag = bytes.length >= 8 ? vfioTagKind(view, 0) : 0;
  if (tag !== VFIO_MIG_FLAG.DEV_CONFIG_STATE) {
    const got =
      bytes.length >= 8
        ? `0x${view.getBigUint64(0).toString(16).padStart(16, '0')}`
        : `the end of its ${length} bytes`;
    sink({ ...fault, code: 'multifd-config-invalid', offset, wanted: 'CONFIG_STATE', got });
    return;
  }
  const sized = sizeOf(bytes.subarray(8), view);
  if (sized === undefined) {
    const got = `the end of its ${length} bytes`;
    sink({ ...fault, code: 'multifd-config-invalid', offset, wanted: 'END_OF_STATE', got });
    return;
  }
  sink({
    kind: 'device-config',
    device,
    section: { ...section, type: 'full' },
    bytes: Uint8Array.from(bytes.subarray(8, 8 + sized.length)),
    offset: offset + 8,
    ...sized,
  });
  const end = 8 + sized.length + 8;
  if (end >= length) return;
  const more = { offset: offset + end, length: length - end };
  sink({
    ...fault,
    ...more,
    code: 'multifd-config-trailing',
    got: `${length - end} byte${end + 1 === length ? '' : 's'}`,
  });
};

/** How long the record is: as its config space says, or up to the first END_OF_STATE behind it. */
const sizeOf = (
  record: Uint8Array,
  view: DataView,
): Pick<DeviceConfig, 'length' | 'sizedBy' | 'space'> | undefined => {
  const endAt = (at: number): boolean =>
    at + 8 <= record.length && vfioTagKind(view, 8 + at) === VFIO_MIG_FLAG.END_OF_STATE;
  const endFrom = (from: number): number | undefined => {
    for (let at = from; at >= 0 && at + 8 <= record.length;) {
      if (endAt(at)) return at;
      at = record.indexOf(0xff, at + 1);
    }
    return undefined;
  };
  for (const space of [4096, 256] as const) {
    const length = configLength(record, space);
    if (endAt(length)) return { length, sizedBy: 'grammar', space };
    if (record[length] !== QEMU_VM_SUBSECTION) continue;
    const end = endFrom(length);
    if (end !== undefined) return { length: end, sizedBy: 'footer-scan', space };
  }
  const length = endFrom(0);
  return length === undefined ? undefined : { length, sizedBy: 'footer-scan', space: undefined };
};
