import type { Format } from '../formats/format.ts';
import type { Input } from '../targets/target.ts';
import type { Calibration } from './calibration.ts';
import { likePath } from './edit-class.ts';
import type { Known } from './oracles/oracle.ts';
import { skeletonOf, type Library, type Skeleton } from './skeleton.ts';

/** A calibration as the oracles ask it. */
export const knownOf = ({
  library,
  format,
  calibration,
  noise,
}: {
  readonly library: Library;
  readonly format: Format;
  readonly calibration: Calibration;
  readonly noise: readonly string[];
}): Known => {
  const good = new Map(
    calibration.good.flatMap((seed) => {
      const skeleton = library.get(seed.digest);
      return skeleton === undefined ? [] : [[skeleton.bytes, seed] as const];
    }),
  );
  const goodOf = (input: Input): (typeof calibration.good)[number] | undefined =>
    input.splices.length === 0 ? good.get(input.base) : undefined;
  const { unstable } = calibration;
  const restless = new Set(unstable === 'all' ? [] : unstable);
  const masks = new Set(noise.map(likePath));
  let values: ReadonlyMap<string, ReadonlySet<bigint>> | undefined;
  return {
    isGood: (input) => goodOf(input) !== undefined,
    savedOf: (input, ran) => (ran ? goodOf(input)?.saveRan : goodOf(input)?.save),
    freshSave: calibration.freshSave,
    recovers: calibration.recovers,
    taken: (path, value) => {
      values ??= valuesOf(calibration.good.flatMap(({ digest }) => library.get(digest) ?? []));
      return values.get(likePath(path))?.has(value) === true;
    },
    growth: calibration.growth,
    peak: calibration.peak,
    differs: (a, b) => {
      if (unstable === 'all') return undefined;
      const length = Math.max(a.length, b.length);
      for (let at = 0; at < length; at += 1) {
        if (a[at] === b[at] || restless.has(at)) continue;
        if (masks.size > 0 && isNoise(format, a, at, masks)) continue;
        return at;
      }
      return undefined;
    },
    layoutOf: (seed, path) => {
      const layout = library.get(seed)?.byPath.get(path)?.layout;
      return layout === 'gap' ? undefined : layout;
    },
  };
};

/** What stands in the fields of seeds, whatever record they are in. */
const valuesOf = (seeds: readonly Skeleton[]): ReadonlyMap<string, ReadonlySet<bigint>> => {
  const values = new Map<string, Set<bigint>>();
  for (const { path, value } of seeds.flatMap(({ parts }) => parts)) {
    if (typeof value !== 'bigint') continue;
    const like = likePath(path);
    const before = values.get(like);
    if (before === undefined) values.set(like, new Set([value]));
    else before.add(value);
  }
  return values;
};

/** Whether the byte of a save belongs to a field that the user masked, or to a branch that was. */
const isNoise = (
  format: Format,
  save: Uint8Array,
  at: number,
  masks: ReadonlySet<string>,
): boolean =>
  skeletonOf(format, save).parts.some(
    ({ path, start, length }) => at >= start && at < start + length && masks.has(likePath(path)),
  );
