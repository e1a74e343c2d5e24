import { createHash } from 'node:crypto';
import type { ReadAt } from '../bytes/source.ts';
import { pathOf, walk, type Node } from '../layout/node.ts';
import { valueText } from '../layout/show.ts';
import type { Seekable } from './open.ts';
import { containerItems } from './items.ts';
import { walkStates, type HeldDevice, type WalkOptions } from './walk.ts';

const BLOCK = 1 << 20;
/** Bytes that are shown as they are. */
const SHOWN = 24;
/** Fields of one input that are compared one by one. */
const MOST_FIELDS = 1 << 18;

/** One side of a difference. */
export interface Side {
  /** In the file. */
  readonly offset: number;
  readonly length: number;
  /** A number or text; bytes have a digest instead. */
  readonly value?: string;
  readonly sha256?: string;
  /** Bytes that are few enough to be shown. */
  readonly hex?: string;
}

export interface FieldDifference {
  readonly path: string;
  readonly change: 'changed' | 'added' | 'removed';
  readonly a?: Side;
  readonly b?: Side;
  /** Bytes: how many are equal before the first that differs, and where that stands in both files. */
  readonly differs?: { readonly equal: number; readonly a: number; readonly b: number };
}

export interface DeviceDifference {
  readonly name: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  readonly formats: readonly [string | undefined, string | undefined];
  readonly bytes: readonly [number | undefined, number | undefined];
  readonly fields: readonly FieldDifference[];
  /** Paths that differ among several saves of the device, and were therefore not compared. */
  readonly noise: readonly string[];
}

/** Something of the container: a section, the machine, the kind of container. */
export interface ItemDifference {
  readonly item: string;
  readonly change: 'changed' | 'added' | 'removed';
  readonly a?: string;
  readonly b?: string;
}

export interface Difference {
  readonly same: boolean;
  readonly container: readonly ItemDifference[];
  readonly devices: readonly DeviceDifference[];
}

interface Leaf {
  readonly path: string;
  readonly unit: string;
  readonly start: number;
  readonly length: number;
  readonly value: string | undefined;
}

interface Outline {
  readonly items: ReadonlyMap<string, string>;
  readonly devices: readonly (HeldDevice & { readonly leaves: ReadonlyMap<string, Leaf> })[];
}

type OutlinedDevice = Outline['devices'][number];

/**
 * What differs between two inputs, field by field. Fields in which further saves of the same device
 * as `a` differ from it are noise: they are named, and their differences are not counted.
 */
export const diffStates = (
  a: Seekable,
  b: Seekable,
  saves: readonly Seekable[] = [],
  options: WalkOptions = {},
): Difference => {
  const left = outline(a, options);
  const right = outline(b, options);
  const noise = saves.map((save) => {
    const other = outline(save, options);
    return {
      items: itemDifferences(left, other).map(({ item }) => item),
      devices: pairs(left, other).map(([one, two]) => compared(one, two, new Set())),
    };
  });
  const quiet = new Set(noise.flatMap(({ items }) => items));
  const noisy = (name: string): ReadonlySet<string> =>
    new Set(
      noise.flatMap(({ devices }) =>
        devices.filter((one) => one.name === name).flatMap(({ fields }) => fields.map(pathIn)),
      ),
    );
  const container = itemDifferences(left, right).filter(({ item }) => !quiet.has(item));
  const devices = pairs(left, right).map(([one, two]) =>
    compared(one, two, noisy(one?.name ?? two?.name ?? '')),
  );
  const same = container.length === 0 && devices.every(({ change }) => change === 'same');
  return { same, container, devices };
};

const pathIn = ({ path }: FieldDifference): string => path;

const outline = (input: Seekable, options: WalkOptions): Outline => {
  const leaves = new Map<number, Map<string, Leaf>>();
  const of = (device: number): Map<string, Leaf> => {
    const known = leaves.get(device) ?? new Map<string, Leaf>();
    leaves.set(device, known);
    return known;
  };
  const ends = new Map<number, number>();
  const items = containerItems();
  let room = MOST_FIELDS;
  const { container, devices } = walkStates(
    input,
    {
      event: items.event,
      unit: ({ device }, { root }) => {
        if (room <= 0) return;
        const mine = of(device);
        for (const node of walk(root)) {
          if (node.children.length > 0 || node.length === 0) continue;
          room -= 1;
          add(mine, leafOf(node, root));
        }
        ends.set(device, root.start + root.length);
      },
    },
    options,
  );
  const all = devices.map((device) => {
    const mine = of(device.device);
    const start = ends.get(device.device) ?? 0;
    const length = device.bytes - start;
    if (length > 0) add(mine, { path: '(rest)', unit: '(rest)', start, length, value: undefined });
    return { ...device, leaves: mine };
  });
  return { items: items.result(container), devices: all };
};

const leafOf = (node: Node, root: Node): Leaf => ({
  path: node === root && root.name === '' ? '(state)' : pathOf(node),
  unit: root.name === '' ? unitIn(pathOf(node)) : root.name,
  start: node.start,
  length: node.length,
  value: valueText(node),
});

/** The first part of a path: what is added or removed as a whole. */
const unitIn = (path: string): string => /^[^.[]*(?:\[\d+\])?/u.exec(path)?.[0] ?? path;

/** Gaps have one name, and a struct may have several. */
const add = (leaves: Map<string, Leaf>, leaf: Leaf): void => {
  let { path } = leaf;
  for (let index = 2; leaves.has(path); index += 1) path = `${leaf.path}#${index}`;
  leaves.set(path, { ...leaf, path });
};

/** Devices that are compared: by name and instance, or the only ones of both inputs. */
const pairs = (
  left: Outline,
  right: Outline,
): readonly (readonly [OutlinedDevice | undefined, OutlinedDevice | undefined])[] => {
  const [one] = left.devices;
  const [two] = right.devices;
  if (left.devices.length === 1 && right.devices.length === 1) return [[one, two]];
  const key = ({ name, instance }: OutlinedDevice): string => `${name}#${instance}`;
  const others = new Map(right.devices.map((device) => [key(device), device]));
  const found = left.devices.map((device) => {
    const other = others.get(key(device));
    others.delete(key(device));
    return [device, other] as const;
  });
  return [...found, ...[...others.values()].map((device) => [undefined, device] as const)];
};

const compared = (
  a: OutlinedDevice | undefined,
  b: OutlinedDevice | undefined,
  noise: ReadonlySet<string>,
): DeviceDifference => {
  const name = a?.name ?? b?.name ?? '';
  const formats = [a?.format, b?.format] as const;
  const bytes = [a?.bytes, b?.bytes] as const;
  if (a === undefined || b === undefined) {
    const change = a === undefined ? ('added' as const) : ('removed' as const);
    return { name, change, formats, bytes, fields: [], noise: [] };
  }
  const fields: FieldDifference[] = [];
  const masked: string[] = [];
  const found = [...changes(a, b), ...onlyIn(a, b, 'removed'), ...onlyIn(b, a, 'added')];
  for (const one of found) {
    if (noise.has(one.path)) masked.push(one.path);
    else fields.push(one);
  }
  const same = fields.length === 0 && a.format === b.format;
  return { name, change: same ? 'same' : 'changed', formats, bytes, fields, noise: masked };
};

function* changes(a: OutlinedDevice, b: OutlinedDevice): Generator<FieldDifference> {
  for (const [path, left] of a.leaves) {
    const right = b.leaves.get(path);
    if (right === undefined) continue;
    if (left.value !== undefined && left.value === right.value && left.length === right.length) {
      continue;
    }
    if (left.value !== undefined || right.value !== undefined) {
      yield { path, change: 'changed', a: sideOf(a, left), b: sideOf(b, right) };
      continue;
    }
    const equal = equalBytes(a.read, left, b.read, right);
    if (equal === left.length && left.length === right.length) continue;
    const differs = {
      equal,
      a: a.runs.locate(left.start + equal),
      b: b.runs.locate(right.start + equal),
    };
    yield { path, change: 'changed', a: sideOf(a, left), b: sideOf(b, right), differs };
  }
}

/** What one side has alone; a record of which the other side has nothing is one difference. */
function* onlyIn(
  one: OutlinedDevice,
  other: OutlinedDevice,
  change: 'added' | 'removed',
): Generator<FieldDifference> {
  const units = new Set([...other.leaves.values()].map(({ unit }) => unit));
  const whole = new Map<string, { start: number; end: number }>();
  const key = change === 'added' ? 'b' : 'a';
  for (const [path, leaf] of one.leaves) {
    if (other.leaves.has(path)) continue;
    if (units.has(leaf.unit)) {
      yield { path, change, [key]: sideOf(one, leaf) };
      continue;
    }
    const { start } = whole.get(leaf.unit) ?? leaf;
    whole.set(leaf.unit, { start, end: leaf.start + leaf.length });
  }
  for (const [path, { start, end }] of whole) {
    const leaf = { path, unit: path, start, length: end - start, value: undefined };
    yield { path, change, [key]: sideOf(one, leaf) };
  }
}

const sideOf = ({ runs, read }: OutlinedDevice, leaf: Leaf): Side => ({
  offset: runs.locate(leaf.start),
  length: leaf.length,
  ...(leaf.value === undefined ? { sha256: digest(read, leaf) } : { value: leaf.value }),
  ...(leaf.value === undefined && leaf.length <= SHOWN
    ? { hex: Buffer.from(read(leaf.start, leaf.length)).toString('hex') }
    : {}),
});

const digest = (read: ReadAt, { start, length }: Leaf): string => {
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += BLOCK) {
    hash.update(read(start + at, Math.min(BLOCK, length - at)));
  }
  return hash.digest('hex');
};

/** How many bytes are equal from the beginning on. */
const equalBytes = (readA: ReadAt, a: Leaf, readB: ReadAt, b: Leaf): number => {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += BLOCK) {
    const count = Math.min(BLOCK, length - at);
    const left = readA(a.start + at, count);
    const right = readB(b.start + at, count);
    if (Buffer.compare(left, right) === 0) continue;
    return at + left.findIndex((byte, index) => byte !== right[index]);
  }
  return length;
};

const itemDifferences = (left: Outline, right: Outline): readonly ItemDifference[] => {
  const found: ItemDifference[] = [];
  for (const [item, a] of left.items) {
    const b = right.items.get(item);
    if (b === undefined) found.push({ item, change: 'removed', a });
    else if (a !== b) found.push({ item, change: 'changed', a, b });
  }
  for (const [item, b] of right.items) {
    if (!left.items.has(item)) found.push({ item, change: 'added', b });
  }
  return found;
};
