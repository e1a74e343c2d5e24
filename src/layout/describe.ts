import { leastSize, unreachable } from './measure.ts';
import type { Expr, Layout, Role, UintLayout } from './types.ts';

/** One line of a format's description. */
export interface Row {
  readonly path: string;
  /** Offset in the enclosing record while all before it has a fixed size. */
  readonly offset: number | undefined;
  /** `4`, `data_size`, `rest`, … */
  readonly size: string;
  readonly type: string;
  readonly layout: Layout;
  readonly depth: number;
}

/** A layout as a table: what documentation prints and `formats show` lists. */
export const describe = (layout: Layout): readonly Row[] => {
  const rows: Row[] = [];
  const seen: Seen = new Map();
  if (layout.kind === 'repeat') visit(rows, layout.element, `${layout.each}[]`, 0, 0, seen);
  else visit(rows, layout, '', 0, 0, seen);
  return rows;
};

/** Branches that have their rows already, with their size where that is fixed. */
type Seen = Map<Layout, number | undefined>;

/** A branch that stands in several places is written out in the first. */
const visit = (
  rows: Row[],
  layout: Layout,
  path: string,
  offset: number | undefined,
  depth: number,
  seen: Seen,
): number | undefined => {
  const branch = layout.kind === 'struct' || layout.kind === 'choice';
  if (branch && path !== '' && seen.has(layout)) {
    const size = seen.get(layout);
    rows.push({ path, offset, size: `${size ?? 'varies'}`, type: 'as above', layout, depth });
    return size === undefined || offset === undefined ? undefined : offset + size;
  }
  if (branch) seen.set(layout, undefined);
  const end = visitNew(rows, layout, path, offset, depth, seen);
  if (branch && end !== undefined && offset !== undefined) seen.set(layout, end - offset);
  return end;
};

/** Adds the rows of one part; gives the offset behind it, while that is fixed. */
const visitNew = (
  rows: Row[],
  layout: Layout,
  path: string,
  offset: number | undefined,
  depth: number,
  seen: Seen,
): number | undefined => {
  const row = (size: string, type: string, inner = depth): void => {
    if (path !== '') rows.push({ path, offset, size, type, layout, depth: inner });
  };
  const after = (size: number): number | undefined =>
    offset === undefined ? undefined : offset + size;
  switch (layout.kind) {
    case 'uint':
      row(`${layout.bits / 8}`, uintText(layout));
      return after(layout.bits / 8);
    case 'text':
      row(`${layout.size}`, 'text');
      return after(layout.size);
    case 'bytes':
      row(layout.size === undefined ? 'rest' : sizeText(layout.size), 'bytes');
      return typeof layout.size === 'number' ? after(layout.size) : undefined;
    case 'struct': {
      row(fixedText(layout), 'struct');
      let at = offset;
      for (const [name, field] of Object.entries(layout.fields)) {
        at = visit(rows, field, path === '' ? name : `${path}.${name}`, at, depth + 1, seen);
      }
      return at;
    }
    case 'array':
      row(`${sizeText(layout.count)} × ${fixedText(layout.element)}`, 'array');
      visit(rows, layout.element, `${path}[]`, 0, depth + 1, seen);
      return typeof layout.count === 'number' ? after(leastSize(layout)) : undefined;
    case 'repeat':
      row('to the end', 'repeat');
      visit(rows, layout.element, `${path}[]`, 0, depth + 1, seen);
      return undefined;
    case 'framed':
      visit(rows, layout.inner, path, offset, depth, seen);
      return typeof layout.size === 'number' ? after(layout.size) : undefined;
    case 'choice':
      for (const [key, shape] of Object.entries(layout.cases)) {
        visit(rows, shape, `${path} (${layout.by} ${key})`, offset, depth, seen);
      }
      visit(rows, layout.otherwise, `${path} (any other ${layout.by})`, offset, depth, seen);
      return undefined;
    case 'when': {
      const end = visit(rows, layout.inner, `${path}?`, offset, depth, seen);
      return 'remaining' in layout.condition ? end : undefined;
    }
    case 'lazy':
      return visit(rows, layout.get(), path, offset, depth, seen);
    default:
      return unreachable(layout);
  }
};

const fixedText = (layout: Layout): string => {
  const least = leastSize(layout);
  return least === 0 ? 'varies' : `${least}`;
};

const sizeText = (expr: Expr): string => {
  if (typeof expr !== 'object') return `${expr}`;
  const { field, times = 1, plus = 0 } = expr;
  const product = times === 1 ? field : `${field} × ${times}`;
  return plus === 0 ? product : `${product} ${plus < 0 ? '−' : '+'} ${Math.abs(plus)}`;
};

/** A role in the words of the documentation. */
export const roleText = (role: Role): string => {
  switch (role.is) {
    case 'magic':
      return `magic ${role.values.map((value) => `0x${value.toString(16)}`).join(' or ')}`;
    case 'version':
      return `version, ${role.supported.join(' or ')}`;
    case 'length-of':
      return `length of ${role.of}${(role.plus ?? 0) === 0 ? '' : ` plus ${role.plus}`}`;
    case 'count-of':
      return `count of ${role.of}`;
    case 'offset-of':
      return `offset of ${role.of}`;
    case 'checksum-of':
      return `${role.algorithm} over ${role.of.join(', ')}`;
    case 'index-into':
      return `index into ${role.of}, below ${role.size}`;
    case 'within':
      return `${role.min} to ${role.max}`;
    case 'one-of':
      return `one of ${role.values.join(', ')}`;
    case 'compatibility':
      return `compatibility: the destination's must be ${
        { equal: 'equal', superset: 'a superset', 'at-least': 'at least as large' }[role.relation]
      }`;
    case 'iova':
      return role.align === undefined ? 'DMA address' : `DMA address, aligned to ${role.align}`;
    case 'tag':
    case 'reserved':
    case 'padding':
    case 'identity':
    case 'host-only':
      return role.is;
    default:
      return unreachable(role);
  }
};

const uintText = ({ bits, little }: UintLayout): string =>
  bits === 8 ? 'u8' : `${little ? 'le' : 'be'}${bits}`;
