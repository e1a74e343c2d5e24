import type { ReadAt } from '../bytes/source.ts';
import type { ContainerEvent } from '../container/events.ts';
import { checksum } from '../layout/checksum.ts';
import { writeUint } from '../layout/encode.ts';
import type { Node } from '../layout/node.ts';
import { roleOf, type StructLayout } from '../layout/types.ts';
import { placesOf } from './insert.ts';
import type { Seekable } from './open.ts';
import { edited, Rope, ropeOf, type Edit } from './rope.ts';
import { walkStates, type HeldDevice, type Opened, type WalkOptions } from './walk.ts';
import { redactedXml } from './xml.ts';
import { Zeroed } from './zeroed.ts';

export interface RedactOptions extends WalkOptions {
  /** Guest addresses, too, are replaced: all of one state moved by one amount. */
  readonly addresses: boolean;
}

export interface Redacted {
  readonly rope: Rope;
  /** What was replaced, and how many bytes of it. */
  readonly replaced: ReadonlyMap<string, number>;
  readonly kept: readonly string[];
  /** Devices whose format only the payload told, so that it has to be named from now on. */
  readonly told: readonly { readonly name: string; readonly format: string }[];
}

/** What payload bytes become: a byte that is no magic, no pointer, no zero. */
const FILLER = 0x2e;
const BLOCK = 1 << 16;
/** Guest addresses begin here when they are replaced. */
const FIRST_ADDRESS = 1n << 32n;
const PAGE = 4096n;

/** A stretch of a state that becomes something else of the same length. */
interface Patch {
  readonly start: number;
  readonly length: number;
  /** Fills the copy of what stands there. */
  readonly change: (bytes: Uint8Array) => void;
}

/**
 * An input that can be shown to others: payloads and guest data are gone, everything that says where
 * something stands and how long it is has stayed, and checksums that were right are right again.
 */
export const redactStates = (input: Seekable, options: RedactOptions): Redacted => {
  const replaced = new Map<string, number>();
  const count = (what: string, bytes: number): void => {
    if (bytes > 0) replaced.set(what, (replaced.get(what) ?? 0) + bytes);
  };
  const patches = new Map<number, Patch[]>();
  const zeroed = new Zeroed();
  const texts: Edit[] = [];
  const erase = (what: string, offset: number, length: number): void => {
    zeroed.add(offset, length);
    count(what, length);
  };
  const { devices, container } = walkStates(
    input,
    {
      unit: (device, { root }) => {
        const list = patches.get(device.device) ?? [];
        patches.set(device.device, list);
        redactUnit(device, root, list, options.addresses, count);
      },
      event: (event) => redactItem(event, input, erase, texts, count),
      guest: (offset, length) => erase('guest memory', offset, length),
    },
    options,
  );
  const edits = devices.flatMap((device) => {
    const list = patches.get(device.device) ?? [];
    return list.length === 0 ? [] : placesOf(device, patched(device.read, device.bytes, list));
  });
  const all = [...edits, ...texts].sort((a, b) => a.offset - b.offset);
  const numbers = 'numbers of every field, tags, lengths, counts, names';
  const kept = [
    options.addresses ? numbers : `${numbers}, guest addresses (--addresses replaces them)`,
    ...(container === 'device-state'
      ? []
      : ['names and headers of the container, PCI config space']),
    ...(container === 'cloud-hypervisor' ? ['all of the snapshot but the device states'] : []),
  ];
  const rope = edited(zeroed.reader(input.readAt), input.size, all);
  return { rope, replaced, kept, told: toldByPayload(input, rope, devices, options) };
};

const toldByPayload = (
  input: Seekable,
  { read, length }: Rope,
  before: readonly HeldDevice[],
  options: WalkOptions,
): Redacted['told'] => {
  const again = { ...input, readAt: read, size: length };
  const { devices } = walkStates(again, {}, options);
  return before
    .filter(({ format }, index) => devices[index]?.format !== format)
    .map(({ name, format }) => ({ name, format }));
};

const redactItem = (
  event: ContainerEvent,
  input: Seekable,
  erase: (what: string, offset: number, length: number) => void,
  texts: Edit[],
  count: (what: string, bytes: number) => void,
): void => {
  switch (event.kind) {
    case 'section-end': {
      const { grammar, bodyOffset } = event.section;
      // Where a section does not end soundly, what follows may have been taken for its body.
      const sound = event.footer === 'present' || event.footer === 'off';
      if (grammar !== 'device' || !sound || event.sizedBy === 'input-end') return;
      erase('emulated devices', bodyOffset, event.bodyLength);
      return;
    }
    case 'ram-block': {
      const { mapped, usedLength } = event;
      if (mapped === undefined) return;
      const start = Number(mapped.pagesOffset);
      const length = Math.min(Number(usedLength), input.size - start);
      if (start > event.offset && length > 0) erase('guest memory', start, length);
      return;
    }
    case 'multifd-packet': {
      const { ram, device, payloadOffset, payloadLength } = event;
      const start = ram === undefined ? 12 : 0;
      if (ram === undefined && device?.flags !== 0) return;
      const length = Math.min(payloadLength, input.size - payloadOffset) - start;
      const what = ram === undefined ? 'device state in packets' : 'guest memory';
      if (length > 0) erase(what, payloadOffset + start, length);
      return;
    }
    case 'libvirt-text': {
      if (event.part === 'padding') return;
      const raw = input.readAt(event.offset, event.length);
      texts.push({ offset: event.offset, remove: raw.length, insert: ropeOf(redactedXml(raw)) });
      count('values in the domain XML', raw.length);
      return;
    }
    default:
  }
};

const redactUnit = (
  device: Opened,
  root: Node,
  patches: Patch[],
  addresses: boolean,
  count: (what: string, bytes: number) => void,
): void => {
  const mine: Patch[] = [];
  const visit = (node: Node): void => {
    for (const inner of node.children) visit(inner);
    const { layout, start, length } = node;
    if (node.children.length > 0) {
      if (layout !== 'gap' && layout.kind === 'struct') {
        mine.push(...checksums(device.read, node, layout, mine));
      }
      return;
    }
    // Zeros say that something is absent; as filler they would say that something is there.
    if (length === 0 || isZero(device.read, start, length)) return;
    if (layout === 'gap') {
      mine.push({ start, length, change: fill });
      count('bytes that no format explains', length);
    } else if (layout.kind === 'bytes') {
      // What has to be zero stays as zero, or as wrong, as it is.
      mine.push({ start, length, change: layout.zero === true ? fillSet : fill });
      if (layout.zero !== true) count('payload', length);
    } else if (addresses && typeof node.value === 'bigint' && roleOf(layout, 'iova')) {
      const moved = movedAddress(node.value);
      const little = layout.kind === 'uint' && layout.little;
      mine.push({ start, length, change: (out) => writeUint(out, 0, length, moved, little) });
      count('guest addresses', length);
    }
  };
  visit(root);
  patches.push(...mine);
};

const isZero = (read: ReadAt, start: number, length: number): boolean => {
  for (let at = 0; at < length; at += BLOCK) {
    const bytes = read(start + at, Math.min(BLOCK, length - at));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
};

const fill = (bytes: Uint8Array): void => {
  bytes.fill(FILLER);
};

const fillSet = (bytes: Uint8Array): void => {
  bytes.forEach((byte, index) => {
    if (byte !== 0) bytes[index] = FILLER;
  });
};

/**
 * Addresses keep their place in the page and the distances within a window of 4 GiB; those that say
 * nothing, or that wrap, stay what they are.
 */
const movedAddress = (value: bigint): bigint => {
  if (value < PAGE || value >> 52n !== 0n) return value;
  return FIRST_ADDRESS | (value & 0xffff_ffffn);
};

/** New values of checksums that were right, over fields that have changed. */
const checksums = (
  read: ReadAt,
  node: Node,
  layout: StructLayout,
  patches: readonly Patch[],
): readonly Patch[] =>
  node.children.flatMap((field): Patch[] => {
    const shape = field.layout;
    if (shape === 'gap' || shape.kind !== 'uint') return [];
    const role = roleOf(shape, 'checksum-of');
    if (role === undefined || field.faults.some(({ code }) => code === 'bad-checksum')) return [];
    const sum = checksum(role.algorithm);
    const covered = node.children.filter(
      ({ name }) => role.of.includes(name) && Object.hasOwn(layout.fields, name),
    );
    for (const { start, length } of covered) {
      const list = patches.filter((one) => one.start >= start && one.start < start + length);
      const shifted = list.map((one) => ({ ...one, start: one.start - start }));
      const at: ReadAt = (offset, size) => read(start + offset, size);
      for (const block of patched(at, length, shifted).blocks()) sum.add(block);
    }
    const { value } = sum;
    const { start, length } = field;
    return [{ start, length, change: (out) => writeUint(out, 0, length, value, shape.little) }];
  });

/** A state with its patches, which may stand in any order and do not overlap. */
const patched = (read: ReadAt, length: number, patches: readonly Patch[]): Rope => {
  const out = new Rope();
  let at = 0;
  for (const { start, length: size, change } of [...patches].sort((a, b) => a.start - b.start)) {
    out.addFrom(read, at, start - at);
    const changed: ReadAt = (offset, count) => {
      const bytes = Uint8Array.from(read(start + offset, count));
      change(bytes);
      return bytes;
    };
    // A number is changed whole; payloads may be read in parts.
    if (size <= BLOCK) out.add(changed(0, size));
    else out.addFrom(changed, 0, size);
    at = start + size;
  }
  return out.addFrom(read, at, length - at);
};
