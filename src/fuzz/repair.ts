import { LARGEST_STATE, type Mark, type Raw } from './changes.ts';
import type { Link } from './links.ts';
import { elementsOf, type Part } from './skeleton.ts';

/** How much longer each part became, and by how many elements. */
interface Growth {
  bytes: number;
  elements: number;
}

/** What was put in front of a part or behind it, which is in the growth of the part around it. */
interface Beside {
  readonly part: Part;
  readonly before: boolean;
  readonly bytes: number;
}

/**
 * The numbers that follow from the edits, by arithmetic on lengths: of a part that changed, each
 * length, count and offset that measures it. A number whose part did not change stays as the seed has
 * it, right or wrong. Undefined when the state becomes larger than any may be.
 */
export const repairLinks = (
  marks: ReadonlyMap<Part, Mark>,
  raws: readonly Raw[],
  mayRepair: (field: Part) => boolean,
): ReadonlyMap<Part, bigint> | undefined => {
  if (raws.length === 0 && !changesSize(marks)) return none;
  const growth = new Map<Part, Growth>();
  const beside: Beside[] = [];
  const grow = (part: Part | undefined, bytes: number): void => {
    for (let at = part; at !== undefined; at = at.parent) growthOf(growth, at).bytes += bytes;
  };
  const total = { bytes: 0 };
  const add = (part: Part | undefined, bytes: number): void => {
    if (bytes === 0) return;
    total.bytes += bytes;
    grow(part, bytes);
  };
  for (const step of deepestFirst(marks, raws)) {
    if (step.kind === 'raw') add(step.raw.inside, step.raw.put.length - step.raw.drop);
    else measureMark(step, growth, beside, add);
    if (total.bytes > LARGEST_STATE) return undefined;
  }
  const patches = new Map<Part, bigint>();
  for (const [part, { bytes, elements }] of growth) {
    if (bytes === 0 && elements === 0) continue;
    for (const link of part.measuredBy) {
      if (patches.has(link.field) || !mayRepair(link.field)) continue;
      if (link.kind === 'length' ? bytes === 0 : elements === 0) continue;
      patches.set(link.field, measured(link, growth));
    }
    for (const link of part.offsets) {
      if (!mayRepair(link.field)) continue;
      const shift = shiftOf(link.target, part, growth, beside, raws);
      if (shift === 0) continue;
      patches.set(link.field, BigInt(link.target.start - part.start + shift));
    }
  }
  return patches;
};

const none: ReadonlyMap<Part, bigint> = new Map();

const changesSize = (marks: ReadonlyMap<Part, Mark>): boolean => {
  for (const { part, content, swap, before, times, elements } of marks.values()) {
    if (content !== undefined && (content.length !== part.length || elements !== undefined)) {
      return true;
    }
    if (swap !== undefined || before !== undefined || times !== undefined) return true;
  }
  return false;
};

/** One thing that changes lengths. Of one part: its content first, then what is done with it. */
export type Step =
  | { readonly kind: 'content' | 'swap' | 'beside'; readonly depth: number; readonly mark: Mark }
  | { readonly kind: 'raw'; readonly depth: number; readonly raw: Raw };

/** Inner parts first, so that a part is measured, and copied, as its own edits leave it. */
export const deepestFirst = (
  marks: ReadonlyMap<Part, Mark>,
  raws: readonly Raw[],
): readonly Step[] => {
  const steps: Step[] = raws.map((raw) => ({
    kind: 'raw',
    depth: (raw.inside?.depth ?? -1) + 1,
    raw,
  }));
  for (const mark of marks.values()) {
    const { depth } = mark.part;
    if (mark.content !== undefined) steps.push({ kind: 'content', depth, mark });
    // A swap is noted on both parts and done once, when all inside both is done.
    const { swap } = mark;
    if (swap !== undefined && swap.index > mark.part.index) {
      steps.push({ kind: 'swap', depth: Math.min(depth, swap.depth), mark });
    }
    if (mark.before !== undefined || mark.times !== undefined) {
      steps.push({ kind: 'beside', depth, mark });
    }
  }
  if (steps.length > 1) {
    const order = ({ depth, kind }: Step): number => rank[kind] - 4 * depth;
    steps.sort((one, other) => order(one) - order(other));
  }
  return steps;
};

const rank = { raw: 0, content: 1, swap: 2, beside: 3 } as const;

const growthOf = (growth: Map<Part, Growth>, part: Part): Growth => {
  const known = growth.get(part);
  if (known !== undefined) return known;
  const made = { bytes: 0, elements: 0 };
  growth.set(part, made);
  return made;
};

const lengthNow = (part: Part, growth: ReadonlyMap<Part, Growth>): number =>
  part.length + (growth.get(part)?.bytes ?? 0);

const measureMark = (
  { kind, mark }: Extract<Step, { mark: Mark }>,
  growth: Map<Part, Growth>,
  beside: Beside[],
  add: (part: Part | undefined, bytes: number) => void,
): void => {
  const { part, content, swap } = mark;
  const list = part.element ? part.parent : undefined;
  if (kind === 'content' && content !== undefined) {
    add(part, content.length - part.length);
    if (mark.elements !== undefined) {
      growthOf(growth, part).elements = mark.elements - elementsOf(part).length;
    }
    if (mark.dropped === true && list !== undefined) growthOf(growth, list).elements -= 1;
  } else if (kind === 'swap' && swap !== undefined) {
    const change = lengthNow(swap, growth) - lengthNow(part, growth);
    add(part, change);
    add(swap, -change);
  } else if (kind === 'beside') {
    const before = (mark.before ?? []).reduce((sum, { length }) => sum + length, 0);
    const times = mark.dropped === true ? 0 : (mark.times ?? 0);
    const behind = times * lengthNow(part, growth);
    beside.push({ part, before: true, bytes: before }, { part, before: false, bytes: behind });
    add(part.parent, before + behind);
    if (list !== undefined) {
      growthOf(growth, list).elements += (mark.before?.length ?? 0) + times;
    }
  }
};

const measured = (link: Link, growth: ReadonlyMap<Part, Growth>): bigint => {
  if (link.kind === 'count') {
    const elements = growth.get(link.target)?.elements ?? 0;
    return BigInt(Math.max(elementsOf(link.target).length + elements, 0));
  }
  let bytes = link.add;
  for (const part of link.extent) bytes += lengthNow(part, growth);
  return BigInt(Math.max(Math.floor(bytes / link.divide), 0));
};

/** How far a part of a struct moved from the start of the struct. */
const shiftOf = (
  target: Part,
  struct: Part,
  growth: ReadonlyMap<Part, Growth>,
  beside: readonly Beside[],
  raws: readonly Raw[],
): number => {
  let shift = 0;
  for (const part of struct.children) {
    if (part.index >= target.index) break;
    shift += growth.get(part)?.bytes ?? 0;
  }
  for (const { part, before, bytes } of beside) {
    if (part.parent !== struct) continue;
    if (part.index < target.index || (before && part === target)) shift += bytes;
  }
  for (const { inside, at, put, drop } of raws) {
    if (inside === struct && at < target.start) shift += put.length - drop;
  }
  return shift;
};
