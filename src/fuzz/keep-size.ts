import { lengthOf } from '../targets/target.ts';
import { applyPlan } from './apply.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Library, Part, Skeleton } from './skeleton.ts';

const tails = new WeakMap<Skeleton, Part | 'none'>();

/**
 * The bytes at the end of a state that no number measures: filler of an image of a fixed size. Such a
 * state cannot grow, so what is added to it has to be taken from there.
 */
const tailOf = (skeleton: Skeleton): Part | undefined => {
  const known = tails.get(skeleton);
  if (known !== undefined) return known === 'none' ? undefined : known;
  const last = skeleton.parts.at(-1);
  const filler =
    last !== undefined &&
    last.layout !== 'gap' &&
    last.layout.kind === 'bytes' &&
    last.layout.size === undefined &&
    last.parent?.parent === undefined &&
    last.measuredBy.length === 0 &&
    skeleton.parts.length > 2;
  tails.set(skeleton, filler ? last : 'none');
  return filler ? last : undefined;
};

/** The same plan in an image of the same size, every other time, where the format has a tail. */
export const keepSize = (
  random: Random,
  library: Library,
  skeleton: Skeleton,
  plan: Plan,
): Plan => {
  const tail = tailOf(skeleton);
  if (tail === undefined || random.oneIn(2)) return plan;
  if (plan.edits.some(({ kind }) => kind === 'truncate')) return plan;
  const others = plan.edits.filter((edit) => !('field' in edit) || edit.field !== tail.path);
  const input = applyPlan(library, { ...plan, edits: others })?.inputs[0];
  if (input === undefined) return plan;
  const size = tail.length - (lengthOf(input) - skeleton.bytes.length);
  if (size === tail.length || size < 0) return plan;
  return { ...plan, edits: [...others, { kind: 'resize', field: tail.path, size }] };
};
