import { applyPlan } from '../../src/fuzz/apply.ts';
import type { Plan } from '../../src/fuzz/plan.ts';
import type { Library, Skeleton } from '../../src/fuzz/skeleton.ts';
import { decode } from '../../src/layout/decode.ts';
import { child, pathOf, walk, type FaultCodeOf, type Node } from '../../src/layout/node.ts';
import type { Layout } from '../../src/layout/types.ts';
import { bytesOf, type Execution } from '../../src/targets/target.ts';

/** A mutant as a planted bug sees it. */
export interface Mutant {
  readonly bytes: Uint8Array;
  readonly execution: Execution;
  readonly units: readonly Node[];
  /** The number at a path of the first unit, or of another. */
  readonly at: (path: string, unit?: number) => bigint | undefined;
  /** That number in each unit that has it. */
  readonly each: (path: string) => readonly bigint[];
}

/** Longer mutants are not looked at: what is planted shows in short ones. */
const LARGEST = 1 << 17;

export const mutantOf = (library: Library, seed: Skeleton, plan: Plan): Mutant | undefined => {
  const execution = applyPlan(library, plan);
  if (execution === undefined) return undefined;
  const bytes = bytesOf(execution.inputs[0]!);
  if (bytes.length > LARGEST) return undefined;
  const units = decode(seed.format.layout, bytes);
  const numberIn = (unit: Node | undefined, path: string): bigint | undefined => {
    const value = unit === undefined ? undefined : child(unit, path)?.value;
    return typeof value === 'bigint' ? value : undefined;
  };
  return {
    bytes,
    execution,
    units,
    at: (path, unit = 0) => numberIn(units[unit], path),
    each: (path) => units.flatMap((unit) => numberIn(unit, path) ?? []),
  };
};

const ofStructure: ReadonlySet<FaultCodeOf> = new Set([
  'truncated',
  'overrun',
  'trailing',
  'wrong-length',
  'wrong-offset',
  'bad-checksum',
]);

/** Faults that say that lengths, counts, offsets or sums do not fit what is there. */
export const structureFaults = (layout: Layout, bytes: Uint8Array): readonly string[] =>
  decode(layout, bytes).flatMap((unit) =>
    [...walk(unit)].flatMap((node) =>
      node.faults
        .filter(({ code }) => ofStructure.has(code))
        .map(({ code }) => `${pathOf(node)} ${code}`),
    ),
  );
