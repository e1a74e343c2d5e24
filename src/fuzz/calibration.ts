import type { Execution, Result, Step, Target } from '../targets/target.ts';
import { wholeRestore } from '../targets/target.ts';
import type { Expectation } from '../rules/rule.ts';
import type { Format } from '../formats/format.ts';
import { expectationLike } from '../check/like.ts';
import { memorySource } from '../bytes/source.ts';
import { roleOf } from '../layout/types.ts';
import { draftSeeds } from './draft-seeds.ts';
import { mutedBy } from './opinion.ts';
import { outcomeSignature } from './signature.ts';
import type { Skeleton } from './skeleton.ts';
import { traceOf } from './trace.ts';

/** How a target treats the seeds before they are edited; plain data, so that every worker gets it. */
export interface Calibration {
  /** Seeds that it took in a plain restore, and what it saves behind them. */
  readonly good: readonly GoodSeed[];
  /** Seeds that it refused, with the reason. */
  readonly refused: readonly { readonly digest: string; readonly reason: string }[];
  /** Seeds that broke it as they are. */
  readonly broken: readonly string[];
  readonly freshSave: Uint8Array | undefined;
  /** Offsets of bytes that change from one save to the next by themselves; `all` when the size does. */
  readonly unstable: readonly number[] | 'all';
  readonly recovers: boolean;
  readonly growth: number;
  readonly peak: number;
  /** Rules that speak against a good seed. */
  readonly muted: readonly string[];
  /** What all good seeds say of the device that they are for. */
  readonly expect: Expectation;
  /** Share of seeds that did the same twice. */
  readonly stability: number;
  /** Nanoseconds of a plain restore, at the median. */
  readonly typical: number;
}

export interface GoodSeed {
  readonly digest: string;
  readonly save?: Uint8Array;
  /** The same with a moment of the guest before it. */
  readonly saveRan?: Uint8Array;
}

/** Saves of more seeds than this are not compared; a slow target would never begin. */
const MOST_SAVED = 64;

/**
 * Runs every seed as it is, more than once, and remembers what is normal.
 *
 * @param fatal seeds that are known to break the target, and are not run
 */
export const calibrate = async (
  target: Target,
  all: readonly Skeleton[],
  format: Format,
  signal: AbortSignal,
  fatal: ReadonlySet<string> = new Set(),
): Promise<Calibration | { readonly unavailable: string }> => {
  const seeds = all.filter(({ digest }) => !fatal.has(digest));
  const plain = seeds.map((seed) => execution(seed, wholeRestore(seed.bytes.length)));
  const first = await target.run(plain, signal);
  const lost = first.every(({ outcome }) => outcome.kind === 'unavailable') ? first[0] : undefined;
  if (lost?.outcome.kind === 'unavailable') return { unavailable: lost.outcome.reason };
  const second = await target.run(plain, signal);
  const taken = seeds.filter((_, index) => first[index]?.outcome.kind === 'accepted');
  const saves = await savesOf(target, taken.slice(0, MOST_SAVED), signal);
  const good = taken.map((seed) => ({ digest: seed.digest, ...saves.behind.get(seed.digest) }));
  const taught = await expectationOf(taken, format);
  const times = first.map(({ nanoseconds }) => nanoseconds).sort((a, b) => a - b);
  return {
    good,
    refused: seeds.flatMap(({ digest }, index) => {
      const outcome = first[index]?.outcome;
      return outcome?.kind === 'rejected' ? [{ digest, reason: outcome.reason }] : [];
    }),
    broken: [
      ...fatal,
      ...seeds.flatMap(({ digest }, index) => {
        const kind = first[index]?.outcome.kind;
        return kind === 'crashed' || kind === 'hung' || kind === 'exhausted' ? [digest] : [];
      }),
    ],
    freshSave: saves.fresh,
    unstable: saves.unstable,
    recovers: await recovers(target, taken.slice(0, 4), signal),
    // The first time buffers are taken that are kept for the next.
    growth: first.reduce(
      (most, { growth }, index) =>
        Math.max(most, Math.min(growth, second[index]?.growth ?? growth)),
      0,
    ),
    // What one good state alone takes is not what every restore needs.
    peak:
      taken.length === 0
        ? 0
        : Math.min(
            ...first.flatMap(({ outcome, peak }) => (outcome.kind === 'accepted' ? [peak] : [])),
          ),
    muted: [
      ...mutedBy(
        taken.map(({ bytes }) => bytes),
        { format, expect: taught },
      ),
    ],
    expect: taught,
    stability: stabilityOf(first, second),
    typical: times[times.length >> 1] ?? 0,
  };
};

const execution = ({ seed }: Skeleton, steps: readonly Step[]): Execution => ({
  inputs: [seed],
  steps,
  onRefusal: 'stop',
});

const stabilityOf = (first: readonly Result[], second: readonly Result[]): number => {
  if (first.length === 0) return 1;
  const same = first.filter((one, index) => {
    const other = second[index];
    return other !== undefined && outcomeSignature(one) === outcomeSignature(other);
  });
  return same.length / first.length;
};

interface Saves {
  readonly behind: ReadonlyMap<string, Omit<GoodSeed, 'digest'>>;
  readonly fresh: Uint8Array | undefined;
  readonly unstable: Calibration['unstable'];
}

const REPEATS = 3;

/** What is saved behind each seed, several times, to see which bytes change by themselves. */
const savesOf = async (
  target: Target,
  seeds: readonly Skeleton[],
  signal: AbortSignal,
): Promise<Saves> => {
  const behind = new Map<string, Omit<GoodSeed, 'digest'>>();
  if (!target.abilities.save) return { behind, fresh: undefined, unstable: [] };
  const unstable = new Set<number>();
  const sizes = new Set<string>();
  const settled = async (
    make: (seed: Skeleton) => Execution,
  ): Promise<readonly (Uint8Array | undefined)[]> => {
    const runs: (readonly Result[])[] = [];
    for (let turn = 0; turn < REPEATS; turn += 1) {
      runs.push(await target.run(seeds.map(make), signal));
    }
    return seeds.map((_, index) => {
      const [one, ...others] = runs.map((results) => results[index]?.saves[0]);
      if (one === undefined) return undefined;
      for (const other of others) {
        if (other?.length !== one.length) sizes.add('differ');
        else for (const [at, byte] of one.entries()) if (byte !== other[at]) unstable.add(at);
      }
      return one;
    });
  };
  const whole = (seed: Skeleton): readonly Step[] => wholeRestore(seed.bytes.length);
  const straight = await settled((seed) => execution(seed, [...whole(seed), { do: 'save' }]));
  const ran = target.abilities.run
    ? await settled((seed) => execution(seed, [...whole(seed), { do: 'run' }, { do: 'save' }]))
    : [];
  for (const [index, { digest }] of seeds.entries()) {
    const save = straight[index];
    const saveRan = ran[index];
    behind.set(digest, {
      ...(save === undefined ? {} : { save }),
      ...(saveRan === undefined ? {} : { saveRan }),
    });
  }
  const [seed] = seeds;
  const fresh =
    seed === undefined ? [] : await target.run([execution(seed, [{ do: 'save' }])], signal);
  return { behind, fresh: fresh[0]?.saves[0], unstable: sizes.size > 0 ? 'all' : [...unstable] };
};

/** Whether the target takes a good state in the device that has just refused a cut one. */
const recovers = async (
  target: Target,
  seeds: readonly Skeleton[],
  signal: AbortSignal,
): Promise<boolean> => {
  if (!target.abilities.session) return false;
  const executions = seeds.map((seed): Execution => {
    const { length } = seed.bytes;
    const half = seed.bytes.subarray(0, length >> 1);
    return {
      inputs: [{ base: half, splices: [] }, seed.seed],
      steps: [...wholeRestore(half.length), { do: 'input', input: 1 }, ...wholeRestore(length)],
      onRefusal: 'stop',
    };
  });
  const results = await target.run(executions, signal);
  let seen = false;
  for (const [index, result] of results.entries()) {
    const one = executions[index];
    if (one === undefined) continue;
    const [cut, good] = traceOf(one, result).sessions;
    if (cut === undefined || cut.loaded) continue;
    seen = true;
    if (good?.loaded !== true) return false;
  }
  return seen;
};

/**
 * What good seeds say of their device; where two differ, the device takes both. A seed without the
 * part that identifies the device does not speak against it, but what else a device can do is only
 * what every seed says.
 */
const expectationOf = async (seeds: readonly Skeleton[], format: Format): Promise<Expectation> => {
  if (format.id === 'opaque') return {};
  const built = new Set(draftSeeds(format).map(({ digest }) => digest));
  const genuine = seeds.filter(({ digest }) => !built.has(digest));
  const asked = (genuine.length > 0 ? genuine : seeds).slice(0, MOST_SAVED);
  const said = new Map<string, string[]>();
  for (const { bytes } of asked) {
    const options = { container: 'device-state', format } as const;
    const expect = await expectationLike(memorySource('seed', bytes), options);
    for (const [key, value] of Object.entries(expect)) {
      said.set(key, [...(said.get(key) ?? []), value]);
    }
  }
  const isAbility = abilitiesOf(seeds);
  // What was built from the layout says which device is meant, and nothing of what else it can do.
  const enough = genuine.length === 0 ? Infinity : asked.length;
  return Object.fromEntries(
    [...said].flatMap(([key, [first = '', ...others]]) => {
      const unsure = isAbility(key) && 1 + others.length < enough;
      return unsure || others.some((value) => value !== first) ? [] : [[key, first]];
    }),
  );
};

/** Tells keys that do not name a device, but say what it is able to do. */
const abilitiesOf = (seeds: readonly Skeleton[]): ((key: string) => boolean) => {
  const open = new Set(
    seeds.flatMap(({ parts }) =>
      parts.flatMap(({ layout, name }) => {
        const role = layout === 'gap' ? undefined : roleOf(layout, 'compatibility');
        return role === undefined || role.relation === 'equal' ? [] : [name];
      }),
    ),
  );
  return (key) => open.has(key.slice(key.lastIndexOf('.') + 1));
};
