import { rawOf, valueText } from '../layout/show.ts';
import type { Observer } from '../check/examine.ts';
import type { Range } from '../bytes/range.ts';
import { rangeIn } from '../bytes/files.ts';
import type { ContainerEvent } from '../container/events.ts';
import { controlOf, pathOf, type LayoutFault, type Node } from '../layout/node.ts';
import { configTree } from '../container/qemu/config-layout.ts';

/** One field of a state in `inspect --json`. Numbers are text: they may exceed 2^53. */
export interface FieldDocument {
  readonly path: string;
  readonly offset: number;
  /** The channel or payload that the offset is in, where it is not the input itself. */
  readonly file?: string;
  readonly length: number;
  readonly ranges?: readonly Range[];
  readonly value?: string;
  readonly bytes?: string;
  readonly control?: string;
  readonly faults?: readonly Readonly<Record<string, unknown>>[];
  readonly fields?: readonly FieldDocument[];
}

export interface InspectDevice {
  readonly name: string;
  readonly format: string;
  readonly bytes: number;
  readonly fields: FieldDocument[];
}

export interface InspectInput {
  readonly path: string;
  readonly container: string;
  readonly bytes: number;
  /** Items of the container, in stream order. */
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly devices: readonly InspectDevice[];
  /** Items and fields beyond the limit. */
  readonly omitted: number;
}

/** Collects an examination for `inspect --json`, up to a limit of items and fields. */
export const treeCollector = (
  limit: number,
  channels: readonly string[] = [],
): {
  readonly observer: Observer;
  readonly result: () => Pick<InspectInput, 'items' | 'devices' | 'omitted'>;
} => {
  const items: Readonly<Record<string, unknown>>[] = [];
  const devices = new Map<string, InspectDevice>();
  let count = 0;
  let omitted = 0;
  const room = (): boolean => {
    count += 1;
    if (count > limit) omitted += 1;
    return count <= limit;
  };
  /** A field and all below it; `locate` gives its places in the file. */
  const document = (field: Node, locate: (field: Node) => readonly Range[]): FieldDocument => {
    const ranges = locate(field).map((range) => rangeIn(range, channels));
    const value = valueText(field);
    const raw = field.children.length === 0 ? rawOf(field) : new Uint8Array(0);
    const control = controlOf(field);
    return {
      path: pathOf(field),
      offset: ranges[0]?.offset ?? 0,
      ...(ranges[0]?.file === undefined ? {} : { file: ranges[0].file }),
      length: field.length,
      ...(ranges.length > 1 ? { ranges } : {}),
      ...(value === undefined ? {} : { value }),
      ...(raw.length > 0 ? { bytes: Buffer.from(raw).toString('hex') } : {}),
      ...(control === 'unknown' ? {} : { control }),
      ...(field.faults.length > 0 ? { faults: field.faults.map(plain) } : {}),
      ...(field.children.length > 0
        ? { fields: field.children.filter(room).map((inner) => document(inner, locate)) }
        : {}),
    };
  };
  /** An event with the places of each file as that file counts them. */
  const item = (event: ContainerEvent): Readonly<Record<string, unknown>> =>
    plain(channels.length === 0 ? event : placed(event, channels));
  return {
    observer: {
      event: (event) => {
        if (event.kind === 'device-bytes' || !room()) return;
        const root = event.kind === 'device-config' ? configTree(event) : undefined;
        if (event.kind === 'device-config' && root !== undefined) {
          const at = ({ start, length }: Node): readonly Range[] => [
            { offset: event.offset + start, length },
          ];
          items.push({ ...item(event), fields: document(root, at) });
        } else {
          items.push(item(event));
        }
      },
      unit: (unit) => {
        const device = devices.get(unit.device) ?? {
          name: unit.device,
          format: unit.format,
          bytes: 0,
          fields: [],
        };
        devices.set(unit.device, device);
        if (room()) device.fields.push(document(unit.root, (field) => unit.locate(field).ranges));
      },
      state: ({ device, format, bytes }) => {
        const { fields } = devices.get(device) ?? { fields: [] };
        devices.set(device, { name: device, format, bytes, fields });
      },
    },
    result: () => ({ items, devices: [...devices.values()], omitted }),
  };
};

const offsetKeys = new Set(['offset', 'payloadOffset', 'bodyOffset', 'dataOffset']);

/** The same event with offsets in its file, and the path of that file where it is a channel. */
const placed = (value: object, channels: readonly string[]): object => {
  const told: Record<string, unknown> = {};
  const entries: readonly [string, unknown][] = Object.entries(value);
  for (const [key, inner] of entries) {
    if (typeof inner === 'number' && offsetKeys.has(key)) {
      const { offset, file } = rangeIn({ offset: inner, length: 0 }, channels);
      told[key] = offset;
      if (file !== undefined) told.file = file;
    } else if (Array.isArray(inner)) {
      told[key] = inner.map((one: unknown) =>
        typeof one === 'object' && one !== null ? placed(one, channels) : one,
      );
    } else told[key] = inner;
  }
  return told;
};

/** A value that JSON can hold: wide numbers become text, bytes hexadecimal. */
const plain = (value: object | LayoutFault): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));

const plainValue = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plainValue);
  return typeof value === 'object' && value !== null ? plain(value) : value;
};
