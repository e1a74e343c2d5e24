import { checksum } from '../layout/checksum.ts';
import type { Splice } from '../targets/target.ts';
import { LARGEST_STATE, type Changes, type Mark } from './changes.ts';
import { filledFrom, repeatedTo } from './filled.ts';
import type { Sum } from './links.ts';
import { deepestFirst } from './repair.ts';
import type { Part, Skeleton } from './skeleton.ts';
import { writeNumber } from './write-number.ts';

/** A splice, with the place in the structure that orders those at one offset. */
interface Placed extends Splice {
  readonly key: number;
}

/** In front of a part, its content, and behind it; behind an inner part comes first. */
const beforeKey = ({ index }: Part): number => 2 * index;
const contentKey = ({ index }: Part): number => 2 * index + 1;
const behindKey = ({ end, depth }: Part): number => 2 * end - 0.5 - depth / 1024;

/** The changes as splices of the seed: ascending, apart, copies and checksums made, cut last. */
export const splicesOf = (skeleton: Skeleton, changes: Changes): Splice[] | undefined => {
  const { marks, raws, patches, cut } = changes;
  let placed: Placed[] = [];
  for (const [field, value] of patches) {
    placed.push(replaced(field, writeNumber(field, value)));
  }
  for (const { at, drop, put, leaf } of raws) {
    placed.push({ key: leaf === undefined ? -1 : contentKey(leaf) + 0.2, at, drop, put });
  }
  for (const mark of marks.values()) placeMark(mark, placed);
  const late = lateSteps(skeleton, changes);
  for (const step of late) {
    const next = step(placed);
    if (next === undefined) return undefined;
    placed = next;
  }
  if (placed.length > 1) placed.sort((one, other) => one.key - other.key);
  return finish(placed, skeleton.bytes.length, cut);
};

const replaced = (part: Part, put: Uint8Array): Placed => ({
  key: contentKey(part),
  at: part.start,
  drop: part.length,
  put,
});

const placeMark = ({ part, content, before }: Mark, placed: Placed[]): void => {
  if (content !== undefined) placed.push(replaced(part, content));
  if (before === undefined) return;
  let key = beforeKey(part);
  for (const put of before) {
    placed.push({ key, at: part.start, drop: 0, put });
    key += 1 / 1024;
  }
};

type Late = (placed: Placed[]) => Placed[] | undefined;

/** What needs the final bytes of a part: copies, moves and checksums, inner ones first. */
const lateSteps = (skeleton: Skeleton, changes: Changes): readonly Late[] => {
  const steps: { readonly depth: number; readonly late: Late }[] = [];
  for (const step of needsBytes(changes.marks) ? deepestFirst(changes.marks, none) : none) {
    if (step.kind === 'raw') continue;
    const { depth, mark } = step;
    const { part, swap, times = 0 } = mark;
    if (step.kind === 'swap' && swap !== undefined) {
      steps.push({ depth, late: (placed) => swapParts(skeleton, placed, part, swap) });
    } else if (step.kind === 'beside' && times > 0 && mark.dropped !== true) {
      steps.push({ depth, late: (placed) => repeatPart(skeleton, placed, part, times) });
    }
  }
  for (const sum of skeleton.sums) {
    // Behind all that is done to parts of its own depth, and before its struct is copied.
    const depth = sum.field.depth - 0.5;
    if (!changes.mayRepair(sum.field)) continue;
    steps.push({ depth, late: (placed) => writeSum(skeleton, placed, sum) });
  }
  if (skeleton.sums.length > 0) steps.sort((one, other) => other.depth - one.depth);
  return steps.map(({ late }) => late);
};

const none: readonly never[] = [];

const needsBytes = (marks: Changes['marks']): boolean => {
  for (const { swap, times } of marks.values()) {
    if (swap !== undefined || times !== undefined) return true;
  }
  return false;
};

const isInside = (key: number, part: Part): boolean =>
  key >= contentKey(part) && key < behindKey(part);

/** The bytes of a part as the changes leave it. */
const render = ({ bytes }: Skeleton, placed: readonly Placed[], part: Part): Uint8Array => {
  const inside = placed.filter(({ key }) => isInside(key, part));
  const end = part.start + part.length;
  if (inside.length === 0) return bytes.subarray(part.start, end);
  inside.sort((one, other) => one.key - other.key);
  const pieces: Uint8Array[] = [];
  let from = part.start;
  for (const { at, drop, put } of inside) {
    if (at < from) continue;
    pieces.push(bytes.subarray(from, at), put);
    from = Math.min(at + drop, end);
  }
  pieces.push(bytes.subarray(from, end));
  return joined(pieces);
};

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

const swapParts = (
  skeleton: Skeleton,
  placed: readonly Placed[],
  one: Part,
  other: Part,
): Placed[] => {
  const first = render(skeleton, placed, one);
  const second = render(skeleton, placed, other);
  const kept = placed.filter(({ key }) => !isInside(key, one) && !isInside(key, other));
  return [...kept, replaced(one, second), replaced(other, first)];
};

const repeatPart = (
  skeleton: Skeleton,
  placed: Placed[],
  part: Part,
  times: number,
): Placed[] | undefined => {
  const changed = placed.some(({ key }) => isInside(key, part));
  const once = changed ? render(skeleton, placed, part) : undefined;
  const size = (once ?? part).length * times;
  if (size > LARGEST_STATE) return undefined;
  const put = once === undefined ? filledFrom(skeleton, part, size) : repeatedTo(once, size);
  placed.push({ key: behindKey(part), at: part.start + part.length, drop: 0, put });
  return placed;
};

/** Over the final bytes of what it covers, if any of them changed. */
const writeSum = (skeleton: Skeleton, placed: Placed[], sum: Sum): Placed[] => {
  const { field, targets, algorithm } = sum;
  if (!placed.some(({ key }) => targets.some((target) => isInside(key, target)))) return placed;
  const over = checksum(algorithm);
  for (const target of targets) over.add(render(skeleton, placed, target));
  return [
    ...placed.filter(({ key }) => key !== contentKey(field)),
    replaced(field, writeNumber(field, over.value)),
  ];
};

const nothing = new Uint8Array(0);

/** Ascending and apart: what overlaps an earlier splice is left out, what meets it joins it. */
const finish = (placed: readonly Placed[], length: number, cut: number): Splice[] | undefined => {
  const splices: Splice[] = [];
  let reach = 0;
  let size = length;
  for (const { at, drop, put } of placed) {
    if (at < reach || at > cut || (at === cut && drop > 0)) continue;
    if (drop === 0 && put.length === 0) continue;
    const over = at + drop - cut;
    const kept = over > 0 ? put.subarray(0, Math.max(Math.min(put.length, cut - at), 0)) : put;
    append(splices, at, drop, kept);
    reach = at + drop;
    size += kept.length - drop;
  }
  if (cut < length && reach < length) {
    const from = Math.max(cut, reach);
    append(splices, from, length - from, nothing);
    size -= length - from;
  }
  return size > LARGEST_STATE && size > length ? undefined : splices;
};

/** Two splices may not begin at one offset, so an insertion joins what follows it. */
const append = (splices: Splice[], at: number, drop: number, put: Uint8Array): void => {
  const last = splices.at(-1);
  if (last === undefined || last.at + last.drop < at) splices.push({ at, drop, put });
  else {
    const whole = put.length === 0 ? last.put : joined([last.put, put]);
    splices[splices.length - 1] = { at: last.at, drop: last.drop + drop, put: whole };
  }
};
