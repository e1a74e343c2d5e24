import { bytesOf } from '../targets/target.ts';
import { applyPlan } from './apply.ts';
import type { Edit, Plan } from './plan.ts';
import { skeletonOf, type Library, type Skeleton } from './skeleton.ts';

/** Fields that one plan is said to set, at most; a mutant that moves everything differs everywhere. */
const MOST_FIELDS = 16;
/** Longer mutants take too long to decode again. */
const LARGEST = 1 << 20;

/**
 * What a plan makes of single numbers: the mutant is decoded, and each number that it has at a path
 * of the seed with another value is an edit that sets it. A splice that only changed an index reads
 * better as that index.
 */
export function* asSettings(library: Library, skeleton: Skeleton, plan: Plan): Generator<Edit> {
  if (plan.edits.every(({ kind }) => kind === 'set')) return;
  const input = applyPlan(library, plan)?.inputs[0];
  if (input === undefined) return;
  const bytes = bytesOf(input);
  if (bytes.length > LARGEST) return;
  let found = 0;
  for (const part of skeletonOf(skeleton.format, bytes).parts) {
    if (typeof part.value !== 'bigint') continue;
    const own = skeleton.byPath.get(part.path);
    if (typeof own?.value !== 'bigint' || own.value === part.value) continue;
    yield { kind: 'set', field: own.path, value: BigInt.asUintN(8 * own.length, part.value) };
    found += 1;
    if (found === MOST_FIELDS) return;
  }
}
