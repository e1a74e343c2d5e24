import type { Control } from '../finding/finding.ts';
import type { Layout } from './types.ts';

/** What decoding noticed about one field. The rules judge it; the decoder goes on. */
export type LayoutFault =
  /** The input or the frame ends inside this field. */
  | { readonly code: 'truncated'; readonly wanted: number; readonly got: number }
  /** A length or count claims more than its frame, or the input, holds. */
  | { readonly code: 'overrun'; readonly wanted: bigint; readonly got: number }
  /** Bytes that nothing in the layout explains. */
  | { readonly code: 'trailing'; readonly got: number }
  | { readonly code: 'bad-magic'; readonly wanted: readonly bigint[] }
  | { readonly code: 'unsupported-version'; readonly wanted: readonly bigint[] }
  | { readonly code: 'unknown-tag' }
  | { readonly code: 'undefined-value'; readonly wanted: readonly bigint[] }
  | { readonly code: 'undefined-bits'; readonly bits: bigint }
  | { readonly code: 'not-zero'; readonly role: 'reserved' | 'padding' }
  | { readonly code: 'out-of-range'; readonly min: bigint; readonly max: bigint }
  | { readonly code: 'index-out-of-bounds'; readonly size: number; readonly of: string }
  | { readonly code: 'misaligned'; readonly align: bigint }
  | { readonly code: 'wrong-offset'; readonly wanted: bigint }
  | { readonly code: 'wrong-length'; readonly wanted: bigint }
  | { readonly code: 'bad-checksum'; readonly wanted: bigint }
  | { readonly code: 'bad-text' }
  | { readonly code: 'budget'; readonly of: BudgetName; readonly limit: number };

export type FaultCodeOf = LayoutFault['code'];
export type BudgetName = 'depth' | 'fields' | 'records';

/** A number, text without its padding, or the bytes themselves when they were kept. */
export type Value = bigint | string | Uint8Array;

/**
 * One decoded field: a leaf with a value, or a branch whose children tile it. A `gap` is a leaf
 * over bytes that the layout could not explain. Offsets and lengths count bytes of the state.
 */
export interface Node {
  readonly name: string;
  readonly layout: Layout | 'gap';
  readonly parent: Node | undefined;
  readonly start: number;
  length: number;
  /** Undefined for branches, and for payloads larger than the decoder keeps. */
  value: Value | undefined;
  readonly children: Node[];
  readonly faults: LayoutFault[];
}

/** The way from the state to a field: `port[0].head`. */
export const pathOf = (node: Node): string => {
  let path = '';
  for (let at: Node | undefined = node; at !== undefined && at.name !== ''; at = at.parent) {
    path = path === '' || path.startsWith('[') ? `${at.name}${path}` : `${at.name}.${path}`;
  }
  return path;
};

/** Follows a path of names from a node downwards; undefined where it leaves the tree. */
export const child = (node: Node, path: string): Node | undefined => {
  if (!path.includes('.') && !path.includes('[')) return childNamed(node, path);
  let at: Node | undefined = node;
  for (const step of path.split(/\.|(?=\[)/)) at = at && childNamed(at, step);
  return at;
};

const childNamed = ({ children }: Node, wanted: string): Node | undefined =>
  children.find(({ name }) => name === wanted);

/** The number at a path below a node; undefined when the field is missing, cut or not a number. */
export const numberAt = (node: Node, path: string): bigint | undefined => {
  const value = child(node, path)?.value;
  return typeof value === 'bigint' ? value : undefined;
};

/** The field of this name that a decoder at `node` would see: among earlier siblings, then outwards. */
export const inScope = (node: Node | undefined, name: string): Node | undefined => {
  for (let at = node; at !== undefined; at = at.parent) {
    const found = at.children.find((field) => field.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
};

const namesByValue = new WeakMap<object, ReadonlyMap<bigint, string>>();

/** The name of a number, where the layout has one for it. */
export const nameOf = (layout: Layout | 'gap', value: bigint): string | undefined => {
  if (layout === 'gap' || layout.kind !== 'uint' || layout.names === undefined) return undefined;
  let names = namesByValue.get(layout.names);
  if (names === undefined) {
    // Of two names for one value the first is the one to print.
    const pairs = Object.entries(layout.names).map(([name, number]) => [number, name] as const);
    names = new Map(pairs.reverse());
    namesByValue.set(layout.names, names);
  }
  return names.get(value);
};

/** Who decides this field's value: its own word, or the nearest word above it. */
export const controlOf = (node: Node): Control => {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) {
    if (at.layout !== 'gap' && at.layout.control !== undefined) return at.layout.control;
  }
  return 'unknown';
};

/** All nodes of a tree, each before its children. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const inner of node.children) yield* walk(inner);
}

/** The leaves of a tree in byte order; their lengths add up to the tree's. */
export function* leaves(node: Node): Generator<Node> {
  if (node.children.length === 0) yield node;
  else for (const inner of node.children) yield* leaves(inner);
}

/** Every fault of one code below a node, with the field that has it. */
export function* faults<Code extends FaultCodeOf>(
  root: Node,
  code: Code,
): Generator<[Node, Extract<LayoutFault, { code: Code }>]> {
  for (const node of walk(root)) {
    for (const fault of node.faults) {
      if (isFault(fault, code)) yield [node, fault];
    }
  }
}

const isFault = <Code extends FaultCodeOf>(
  fault: LayoutFault,
  code: Code,
): fault is Extract<LayoutFault, { code: Code }> => fault.code === code;
