import { child, nameOf, numberAt, type Node } from '../layout/node.ts';
import { hasTag } from './tagged-records.ts';

/** One device part of a record, as far as its header was there. */
export interface Part {
  readonly node: Node;
  readonly type: bigint;
  /** Undefined for a type that the specification does not define. */
  readonly name: string | undefined;
  readonly optional: boolean;
  /** What tells parts of one type apart: a queue, an offset, or nothing. */
  readonly selector: string;
}

export const FIRST_TYPE = 0x100n;

/** The record that was asked about last: all invariants ask about one before the next is decoded. */
let latest: { readonly record: Node; readonly parts: readonly Part[] } | undefined;

/** The device parts of one record, in their order; gathered once for all invariants. */
export const partsOf = (record: Node): readonly Part[] => {
  // A WeakMap would do, but its entries cost the garbage collector more than they save.
  if (latest?.record === record) return latest.parts;
  const nodes = hasTag(record, 'DEVICE_DATA') ? (child(record, 'data')?.children ?? []) : [];
  const parts = nodes.flatMap((node) => partAt(node) ?? []);
  latest = { record, parts };
  return parts;
};

const partAt = (node: Node): Part | undefined => {
  const field = child(node, 'part_type');
  const selector = child(node, 'selector');
  if (typeof field?.value !== 'bigint' || selector === undefined) return undefined;
  return {
    node,
    type: field.value,
    name: nameOf(field.layout, field.value),
    optional: ((numberAt(node, 'flags') ?? 0n) & 1n) !== 0n,
    selector: selectorText(selector),
  };
};

const selectorText = (selector: Node): string => {
  const number =
    numberAt(selector, 'offset') ?? numberAt(selector, 'vq_index') ?? selector.value ?? 0n;
  return number.toString();
};

const partNamed = (record: Node, wanted: string): Part | undefined =>
  partsOf(record).find(({ name }) => name === wanted);

export const offeredBits = (record: Node): bigint | undefined =>
  featureBits(partNamed(record, 'DEV_FEATURES')?.node, 'device_features');

export const takenBits = (record: Node): bigint | undefined =>
  featureBits(partNamed(record, 'DRV_FEATURES')?.node, 'driver_features');

/** All words of a features part as one number; undefined when the first is not there. */
const featureBits = (part: Node | undefined, name: string): bigint | undefined => {
  if (part === undefined) return undefined;
  let bits = numberAt(part, `value.${name}`);
  if (bits === undefined) return undefined;
  let shift = 64n;
  for (const word of child(part, `value.${name}_above`)?.children ?? []) {
    if (typeof word.value === 'bigint') bits |= word.value << shift;
    shift += 64n;
    if (shift > 4096n) break; // No device has so many features; more words cannot change a finding.
  }
  return bits;
};

/** VIRTIO_F_VERSION_1: without it the guest’s driver speaks the legacy interface. */
const VERSION_1 = 1n << 32n;

/** Whether the guest took features, and none that says that its driver is younger than virtio 1.0. */
export const isLegacyDriver = (record: Node): boolean =>
  ((takenBits(record) ?? VERSION_1) & VERSION_1) === 0n;

/** Fields of the common configuration structure by offset, in bytes; virtio 1.4, section 4.1.4.3. */
export const commonConfigSizes: ReadonlyMap<bigint, bigint> = new Map([
  ...[0n, 4n, 8n, 12n, 32n, 36n, 40n, 44n, 48n, 52n].map((offset) => [offset, 4n] as const),
  ...[16n, 18n, 22n, 24n, 26n, 28n, 30n, 56n, 58n, 60n, 62n].map((offset) => [offset, 2n] as const),
  ...[20n, 21n].map((offset) => [offset, 1n] as const),
]);

/** Where the common configuration says how many queues there are. */
export const NUM_QUEUES_OFFSET = 18n;
