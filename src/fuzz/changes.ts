import { builtFor } from './build.ts';
import { filledFrom } from './filled.ts';
import type { Edit, Repair } from './plan.ts';
import { repairLinks } from './repair.ts';
import {
  contentOf,
  elementsOf,
  isList,
  type Library,
  type Part,
  type Skeleton,
} from './skeleton.ts';
import { writeNumber } from './write-number.ts';

/**
 * What edits come to, before bytes are put together.
 *
 * How edits meet: of two that replace the same part the later one counts; an edit inside a part
 * that is replaced or dropped vanishes, whatever their order; a repeated or swapped part is repeated
 * or moved as its other edits leave it (to have the original beside it, splice the part from its own
 * seed in front of it); raw bytes and an edit of a field that they overlap: the later one counts.
 * A `truncate` is the feeder's doing and no edit of the structure: nothing is repaired after it.
 */
export interface Changes {
  readonly marks: ReadonlyMap<Part, Mark>;
  readonly raws: readonly Raw[];
  /** Numbers that repair writes. */
  readonly patches: ReadonlyMap<Part, bigint>;
  /** Whether repair may write a field: checksums are written when the bytes are known. */
  readonly mayRepair: (field: Part) => boolean;
  /** Where the seed is cut; its length when it is not. */
  readonly cut: number;
}

/** What edits do to one part. */
export interface Mark {
  readonly part: Part;
  /** What stands in its place. */
  content?: Uint8Array;
  /** Elements in `content`, where that is a list. */
  elements?: number;
  dropped?: boolean;
  /** Stands at the other's place, and the other here. */
  swap?: Part;
  /** What was put in front of it, in this order. */
  before?: Uint8Array[];
  times?: number;
  /** Place of the edit that made the content. */
  order: number;
}

export interface Raw {
  readonly at: number;
  readonly drop: number;
  readonly put: Uint8Array;
  /** The leaf at its start, and the smallest part that holds it whole. */
  readonly leaf: Part | undefined;
  readonly inside: Part | undefined;
  readonly order: number;
}

/** No state is larger that a plan may make; a longer one costs a campaign more than it tells. */
export const LARGEST_STATE = 1 << 24;

export const changesOf = (
  library: Library,
  skeleton: Skeleton,
  edits: readonly Edit[],
  repair: Repair,
): Changes | undefined => {
  const marks = new Map<Part, Mark>();
  const raws: Raw[] = [];
  let cut = skeleton.bytes.length;
  for (let order = 0; order < edits.length; order += 1) {
    const edit = edits[order];
    if (edit === undefined) continue;
    if (edit.kind === 'truncate') cut = Math.min(cut, Math.max(edit.at, 0));
    else if (edit.kind === 'raw') raws.push(rawOf(skeleton, edit, order));
    else {
      const part = skeleton.byPath.get(edit.field);
      if (part === undefined) return undefined;
      const mark = marks.get(part) ?? { part, order };
      marks.set(part, mark);
      if (!markEdit(library, skeleton, marks, mark, edit, order)) return undefined;
    }
  }
  removeCovered(marks);
  const kept = raws.length === 0 ? raws : removeOverlapping(marks, raws);
  const literal = ({ start, length }: Part): boolean =>
    kept.some(({ at, drop }) => at < start + length && at + drop > start);
  const mayRepair = (field: Part): boolean =>
    repair.kind !== 'none' &&
    (repair.kind === 'all' || field.path !== repair.field) &&
    marks.get(field)?.content === undefined &&
    !isCovered(marks, field) &&
    !literal(field);
  const patches = repairLinks(marks, kept, mayRepair);
  if (patches === undefined) return undefined;
  return { marks, raws: kept, patches, mayRepair, cut };
};

/** Notes one edit on its part; false when it does not fit. */
const markEdit = (
  library: Library,
  skeleton: Skeleton,
  marks: Map<Part, Mark>,
  mark: Mark,
  edit: Exclude<Edit, { kind: 'truncate' | 'raw' }>,
  order: number,
): boolean => {
  const { part } = mark;
  const replace = (content: Uint8Array, elements: number | undefined): void => {
    mark.content = content;
    if (elements === undefined) delete mark.elements;
    else mark.elements = elements;
    mark.dropped = false;
    mark.order = order;
  };
  switch (edit.kind) {
    case 'set':
      if (part.length > 8 || part.children.length > 0) return false;
      replace(writeNumber(part, edit.value), undefined);
      return true;
    case 'bytes':
      replace(edit.bytes, undefined);
      return true;
    case 'resize':
      if (edit.size < 0 || edit.size > LARGEST_STATE) return false;
      replace(filledFrom(skeleton, part, edit.size), undefined);
      return true;
    case 'repeat':
      mark.times = Math.max(edit.times, 0);
      return true;
    case 'drop':
      replace(nothing, isList(part) ? 0 : undefined);
      mark.dropped = true;
      return true;
    case 'swap': {
      const other = skeleton.byPath.get(edit.with);
      if (other === undefined) return false;
      if (contains(part, other) || contains(other, part)) return true;
      unswap(marks, part);
      unswap(marks, other);
      mark.swap = other;
      const partner = marks.get(other) ?? { part: other, order };
      partner.swap = part;
      marks.set(other, partner);
      return true;
    }
    case 'splice': {
      const from = library.get(edit.from);
      const source = from?.byPath.get(edit.part);
      if (from === undefined || source === undefined) return false;
      const bytes = contentOf(from, source);
      if (edit.place === 'before') (mark.before ??= []).push(bytes);
      else replace(bytes, isList(part) ? elementsOf(source).length : undefined);
      return true;
    }
    case 'build': {
      const built = builtFor(part, edit.draft);
      if (built === undefined) return false;
      if (edit.place === 'before') (mark.before ??= []).push(built.bytes);
      else replace(built.bytes, built.elements);
      return true;
    }
  }
};

const nothing = new Uint8Array(0);

const unswap = (marks: ReadonlyMap<Part, Mark>, part: Part): void => {
  const mark = marks.get(part);
  const partner = mark?.swap === undefined ? undefined : marks.get(mark.swap);
  delete mark?.swap;
  delete partner?.swap;
};

/** Whether one part lies in another, or is it. */
const contains = (outer: Part, inner: Part): boolean =>
  inner.index >= outer.index && inner.index < outer.end;

const isCovered = (marks: ReadonlyMap<Part, Mark>, part: Part): boolean => {
  for (let at = part.parent; at !== undefined; at = at.parent) {
    if (marks.get(at)?.content !== undefined) return true;
  }
  return false;
};

const removeCovered = (marks: Map<Part, Mark>): void => {
  if (marks.size < 2) return;
  for (const part of [...marks.keys()]) {
    if (!isCovered(marks, part)) continue;
    unswap(marks, part);
    marks.delete(part);
  }
};

const rawOf = (
  { parts, bytes }: Skeleton,
  edit: Extract<Edit, { kind: 'raw' }>,
  order: number,
): Raw => {
  const at = Math.min(Math.max(edit.at, 0), bytes.length);
  const drop = Math.min(Math.max(edit.drop, 0), bytes.length - at);
  // The last part, in their order, that begins at or before the place; its leaf, as a rule.
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.start ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  const leaf = parts[low - 1];
  let inside = leaf;
  while (inside !== undefined && (at >= endOf(inside) || at + drop > endOf(inside))) {
    inside = inside.parent;
  }
  return { at, drop, put: edit.put, leaf, inside, order };
};

const endOf = ({ start, length }: Part): number => start + length;

/** Raw bytes against each other and against replaced fields. */
const removeOverlapping = (marks: Map<Part, Mark>, raws: readonly Raw[]): readonly Raw[] =>
  raws.filter((raw, index) => {
    const { at, drop, order } = raw;
    if (raws.some((other, place) => place > index && overlaps(raw, other.at, other.drop))) {
      return false;
    }
    for (const mark of marks.values()) {
      const { part, content } = mark;
      if (content === undefined || !overlaps(raw, part.start, part.length)) continue;
      const within = at >= part.start && at + drop <= endOf(part);
      if (mark.order > order || (within && part.children.length > 0)) return false;
      delete mark.content;
      delete mark.elements;
      mark.dropped = false;
    }
    return true;
  });

const overlaps = (raw: Raw, start: number, length: number): boolean =>
  raw.at < start + length && raw.at + Math.max(raw.drop, 1) > start;
