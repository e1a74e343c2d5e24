import { rangeIn } from '../bytes/files.ts';
import type { Observer } from '../check/examine.ts';
import type { ContainerEvent } from '../container/events.ts';
import { configTree } from '../container/qemu/config-layout.ts';
import { controlOf, pathOf, type Node } from '../layout/node.ts';
import { rawOf, valueText } from '../layout/show.ts';
import { depthOf, eventText, faultText } from './words.ts';

/** One line of what an input holds: an item of its container, or a field of a state. */
export interface Line {
  readonly depth: number;
  /** Offset in its file; undefined for a heading. */
  readonly offset: number | undefined;
  /** The side channel that the offset is in, where it is not the input itself. */
  readonly file?: string;
  readonly length: number;
  readonly device: string;
  /** Field path in its state; empty for items of the container. */
  readonly path: string;
  /** The last step of the path, or what the item is. Not escaped. */
  readonly label: string;
  readonly value?: string;
  /** The first bytes of a leaf, 16 at most. */
  readonly bytes: Uint8Array;
  readonly control?: string;
  readonly faults: readonly string[];
}

/** A stretch of the input on its map. */
export interface Stretch {
  readonly kind: string;
  readonly label: string;
  readonly offset: number;
  readonly length: number;
  /** Items that it stands for, where neighbours were put together. */
  readonly items: number;
}

/** What a report draws of one input beside its findings; bounded whatever the input holds. */
export interface Picture {
  readonly lines: readonly Line[];
  /** Lines beyond the limit. */
  readonly omitted: number;
  readonly stretches: readonly Stretch[];
}

/** Stretches of a map; twice as many are collected before neighbours are put together. */
const MOST_STRETCHES = 1_000;
const STRIP = 16;

/** Draws one input from what its examination tells. */
export const pictureOf = (
  limit: number,
  channels: readonly string[] = [],
): { readonly observer: Observer; readonly result: () => Picture } => {
  const lines: Line[] = [];
  let omitted = 0;
  let stretches: Stretch[] = [];
  let lastDevice: string | undefined;
  const add = (line: Line): void => {
    if (lines.length < limit) lines.push(line);
    else omitted += 1;
  };
  const stretch = (kind: string, label: string, offset: number, length: number): void => {
    stretches.push({ kind, label, offset, length, items: 1 });
    if (stretches.length >= 2 * MOST_STRETCHES) stretches = halved(stretches);
  };
  /** A field and all below it. */
  const fields = (
    node: Node,
    label: string,
    depth: number,
    device: string,
    place: (node: Node) => { readonly offset: number; readonly file?: string } | undefined,
  ): void => {
    if (lines.length >= limit) {
      omitted += 1;
      return;
    }
    const leaf = node.children.length === 0;
    const at = place(node);
    const value = valueText(node);
    const control = controlOf(node);
    add({
      depth,
      offset: at?.offset,
      ...(at?.file === undefined ? {} : { file: at.file }),
      length: node.length,
      device,
      path: pathOf(node),
      label,
      ...(value === undefined ? {} : { value }),
      bytes: leaf ? rawOf(node).slice(0, STRIP) : new Uint8Array(0),
      ...(control === 'unknown' ? {} : { control }),
      faults: node.faults.map(faultText),
    });
    for (const inner of node.children) fields(inner, inner.name, depth + 1, device, place);
  };
  const item = (event: Extract<ContainerEvent, { offset: number }>, text: string): void => {
    const { offset, file } = rangeIn({ offset: event.offset, length: 0 }, channels);
    add({
      depth: depthOf(event),
      offset,
      ...(file === undefined ? {} : { file }),
      length: 'length' in event ? event.length : 0,
      device: '',
      path: '',
      label: text,
      bytes: new Uint8Array(0),
      faults: [],
    });
    lastDevice = undefined;
  };
  return {
    observer: {
      event: (event) => {
        if (event.kind === 'device-config') {
          const root = configTree(event);
          if (root === undefined) return;
          fields(root, 'PCIDevice', 2, event.section.idstr, ({ start }) =>
            rangeIn({ offset: event.offset + start, length: 0 }, channels),
          );
          return;
        }
        if (event.kind === 'section-end') {
          const { type, idstr, offset } = event.section;
          const kind = event.section.grammar;
          stretch(kind, `${type.toUpperCase()} ${idstr}`, offset, event.offset - offset);
          return;
        }
        const text = eventText(event);
        if (text === undefined || !('offset' in event)) return;
        item(event, text);
        if (inMap.has(event.kind) && 'length' in event && event.length > 0) {
          stretch(event.kind, text, event.offset, event.length);
        }
      },
      unit: ({ root, device, format, locate }) => {
        const place = (node: Node): ReturnType<typeof rangeIn> | undefined => {
          const [range] = locate(node).ranges;
          return range === undefined ? undefined : rangeIn(range, channels);
        };
        const depth = device === '' ? 0 : 1;
        if (device !== '' && device !== lastDevice) {
          add({ ...heading, device, label: `state of ${device}` });
          lastDevice = device;
        }
        const label = root.name === '' ? format : root.name;
        fields(root, label, depth, device, place);
        if (device === '') stretch('state', label, place(root)?.offset ?? 0, root.length);
      },
    },
    result: () => ({ lines, omitted, stretches: fewer(stretches, MOST_STRETCHES) }),
  };
};

const heading: Line = {
  depth: 0,
  offset: undefined,
  length: 0,
  device: '',
  path: '',
  label: '',
  bytes: new Uint8Array(0),
  faults: [],
};

/** Items that have a place of their own on the map; sections are drawn when they end. */
const inMap: ReadonlySet<string> = new Set([
  'header',
  'configuration',
  'command',
  'vmdesc',
  'trailing',
  'libvirt-header',
  'libvirt-text',
  'session-message',
]);

/** Neighbours put together until at most `most` stretches are left. */
export const fewer = (stretches: readonly Stretch[], most: number): readonly Stretch[] => {
  let kept = stretches;
  while (kept.length > most) kept = halved(kept);
  return kept;
};

/** Pairs of neighbours put together: half as many stretches, over the same bytes. */
const halved = (stretches: readonly Stretch[]): Stretch[] => {
  const pairs: Stretch[] = [];
  for (let at = 0; at < stretches.length; at += 2) {
    const first = stretches[at];
    const second = stretches[at + 1];
    if (first === undefined) break;
    pairs.push(second === undefined ? first : together(first, second));
  }
  return pairs;
};

const together = (a: Stretch, b: Stretch): Stretch => {
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.length, b.offset + b.length);
  return {
    kind: a.kind === b.kind ? a.kind : 'several',
    label: a.label === b.label ? a.label : `${first(a.label)} … ${last(b.label)}`,
    offset,
    length: end - offset,
    items: a.items + b.items,
  };
};

const first = (label: string): string => label.split(' … ')[0] ?? label;
const last = (label: string): string => label.split(' … ').at(-1) ?? label;
