import { createHash } from 'node:crypto';

import type { Control } from '../finding/finding.ts';
import type { Format } from '../formats/format.ts';
import { decode } from '../layout/decode.ts';
import { pathOf, type Node } from '../layout/node.ts';
import type { Layout } from '../layout/types.ts';
import type { Input } from '../targets/target.ts';
import { linkParts, type Link, type Sum } from './links.ts';

/**
 * A seed that was decoded once: its fields and branches as a flat list, each before its parts, with
 * what repair and mutators need to know of them. Any bytes have a skeleton; what the layout cannot
 * explain is a gap.
 */
export interface Skeleton {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string;
  readonly format: Pick<Format, 'id' | 'layout'>;
  readonly bytes: Uint8Array;
  /** The seed itself as an input; one object, so that a target knows it again. */
  readonly seed: Input;
  readonly parts: readonly Part[];
  readonly byPath: ReadonlyMap<string, Part>;
  /** Checksums, deepest first. */
  readonly sums: readonly Sum[];
  /** Where structs begin, ascending, without the start of the state. */
  readonly headers: readonly number[];
}

/** A field or a branch of a seed. */
export interface Part {
  /** Place in `parts`; its descendants stand right behind it, up to `end`. */
  readonly index: number;
  readonly end: number;
  readonly depth: number;
  /** As in findings: `record[1].data`; a second gap of one parent has `~2` behind it. */
  readonly path: string;
  readonly name: string;
  /** The shape that was decoded; choices and frames are resolved. */
  readonly layout: Layout | 'gap';
  /** The shape as its parent declares it, with choices and frames. */
  readonly declared: Layout | undefined;
  readonly start: number;
  readonly length: number;
  /** Of a number or a text; payloads are read from the seed's bytes. */
  readonly value: bigint | string | undefined;
  readonly parent: Part | undefined;
  readonly children: readonly Part[];
  readonly control: Control;
  /** One of a list: a record, or an element of an array. */
  readonly element: boolean;
  /** Numbers that say how long this part is, or how many elements it has. */
  readonly measuredBy: readonly Link[];
  /** What this number says of other parts. */
  readonly measures: readonly Link[];
  /** Offsets that are counted from the start of this struct. */
  readonly offsets: readonly Link[];
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A part while its links are being made. */
export interface OpenPart extends Writable<Omit<Part, 'parent' | 'children'>> {
  readonly parent: OpenPart | undefined;
  readonly children: OpenPart[];
  readonly measuredBy: Link[];
  readonly measures: Link[];
  readonly offsets: Link[];
}

/** Seeds by their digests. */
export interface Library {
  readonly seeds: readonly Skeleton[];
  readonly get: (digest: string) => Skeleton | undefined;
}

/** A seed may be of any size; behind these limits its fields are one gap. */
const budgets = { fields: 1 << 15, records: 1 << 13 };

export const skeletonOf = (format: Pick<Format, 'id' | 'layout'>, given: Uint8Array): Skeleton => {
  // A file is read as a Buffer, whose pieces are Buffers, which are not equal to plain bytes.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const units = decode(format.layout, bytes, budgets);
  const parts: OpenPart[] = [];
  const byPath = new Map<string, OpenPart>();
  const byNode = new Map<Node, OpenPart>();
  const add = (node: Node, declared: Layout | undefined, parent: OpenPart | undefined): void => {
    const part = openPart(node, declared, parent, parts.length, byPath);
    parts.push(part);
    byPath.set(part.path, part);
    byNode.set(node, part);
    parent?.children.push(part);
    for (const inner of node.children) add(inner, declaredOf(node.layout, inner.name), part);
    part.end = parts.length;
  };
  if (format.layout.kind === 'repeat') {
    const root = wholeOf(format.layout, bytes.length);
    parts.push(root);
    byPath.set('', root);
    for (const unit of units) add(unit, format.layout.element, root);
    root.end = parts.length;
  } else {
    for (const unit of units) add(unit, format.layout, undefined);
  }
  const sums = linkParts(parts, byNode);
  const headers = parts.flatMap(({ layout, start, length }) =>
    layout !== 'gap' && layout.kind === 'struct' && start > 0 && length > 0 ? [start] : [],
  );
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    format,
    bytes,
    seed: { base: bytes, splices: [] },
    parts,
    byPath,
    sums,
    headers: [...new Set(headers)],
  };
};

export const libraryOf = (seeds: Iterable<Skeleton>): Library => {
  const byDigest = new Map<string, Skeleton>();
  for (const seed of seeds) byDigest.set(seed.digest, seed);
  return { seeds: [...byDigest.values()], get: (digest) => byDigest.get(digest) };
};

/** Whether a part holds elements: records, or an array. */
export const isList = ({ layout }: Part): boolean =>
  layout !== 'gap' && (layout.kind === 'array' || layout.kind === 'repeat');

export const elementsOf = (part: Part): readonly Part[] =>
  isList(part) ? part.children.filter(({ element }) => element) : [];

export const contentOf = ({ bytes }: Skeleton, { start, length }: Part): Uint8Array =>
  bytes.subarray(start, start + length);

/** The whole state of a format that is a sequence of records, so that it, too, has a name: ''. */
const wholeOf = (layout: Layout, length: number): OpenPart => ({
  index: 0,
  end: 1,
  depth: 0,
  path: '',
  name: '',
  layout,
  declared: layout,
  start: 0,
  length,
  value: undefined,
  parent: undefined,
  children: [],
  control: layout.control ?? 'unknown',
  element: false,
  measuredBy: [],
  measures: [],
  offsets: [],
});

const openPart = (
  node: Node,
  declared: Layout | undefined,
  parent: OpenPart | undefined,
  index: number,
  taken: ReadonlyMap<string, unknown>,
): OpenPart => {
  const { name, layout, start, length, value } = node;
  const own = pathOf(node);
  let path = own;
  for (let turn = 2; taken.has(path); turn += 1) path = `${own}~${turn}`;
  const control = layout === 'gap' ? undefined : layout.control;
  return {
    index,
    end: index + 1,
    depth: parent === undefined ? 0 : parent.depth + 1,
    path,
    name,
    layout,
    declared: layout === 'gap' ? undefined : declared,
    start,
    length,
    value: value instanceof Uint8Array ? undefined : value,
    parent,
    children: [],
    control: control ?? parent?.control ?? 'unknown',
    element: parent !== undefined && layout !== 'gap' && isList(parent),
    measuredBy: [],
    measures: [],
    offsets: [],
  };
};

/** How a branch declares one of its parts. */
const declaredOf = (layout: Layout | 'gap', name: string): Layout | undefined => {
  if (layout === 'gap') return undefined;
  if (layout.kind === 'struct') {
    return Object.hasOwn(layout.fields, name) ? layout.fields[name] : undefined;
  }
  return layout.kind === 'array' || layout.kind === 'repeat' ? layout.element : undefined;
};
