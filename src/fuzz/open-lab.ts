import type { Format } from '../formats/format.ts';
import { openTarget } from '../targets/open.ts';
import type { Target, TargetOptions } from '../targets/target.ts';
import { Bench } from './bench.ts';
import type { Calibration } from './calibration.ts';
import type { Settings } from './campaign/folder.ts';
import { dictionaryOf } from './dictionary.ts';
import { Lab } from './lab.ts';
import type { Library, Skeleton } from './skeleton.ts';
import { libraryOf } from './skeleton.ts';
import type { Oracle } from './oracles/oracle.ts';
import type { Watch } from './watch.ts';

const targetOptions = (settings: Settings, warn: (line: string) => void): TargetOptions => {
  const { timeout, memory, output, environment, allowDevice } = settings;
  return { timeout, memory, output, environment, allowDevice, warn };
};

/** The target of a campaign, and the one that it is compared with. */
export const openTargets = async (
  settings: Settings,
  warn: (line: string) => void,
): Promise<{ readonly target: Target; readonly against?: Target }> => {
  const options = targetOptions(settings, warn);
  const target = await openTarget(settings.target, options);
  if (settings.against === undefined) return { target };
  try {
    return { target, against: await openTarget(settings.against, options) };
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
};

/**
 * Seeds to start from, and all that plans may name: what the target takes comes first, and where it
 * takes some, what it refuses serves only to take parts from.
 */
const campaignLibrary = (seeds: readonly Skeleton[], { good, broken }: Calibration): Library => {
  const taken = new Set(good.map(({ digest }) => digest));
  const ends = new Set(broken);
  const wanted = seeds.filter(({ digest }) => taken.has(digest));
  const rest = seeds.filter(({ digest }) => !ends.has(digest));
  const all = libraryOf(seeds);
  const first = wanted.length > 0 ? wanted : rest.length > 0 ? rest : seeds;
  return { seeds: first, get: (digest) => all.get(digest) };
};

export interface LabParts {
  readonly settings: Settings;
  readonly format: Format;
  readonly target: Target;
  readonly against?: Target;
  readonly seeds: readonly Skeleton[];
  readonly calibration: Calibration;
  readonly watch?: Watch;
  /** All of them where they are left out. */
  readonly oracles?: readonly Oracle[];
}

export const labOf = (parts: LabParts): Lab => {
  const { settings, format, target, against, seeds, calibration, watch, oracles } = parts;
  return new Lab({
    target,
    ...(against === undefined ? {} : { against }),
    library: campaignLibrary(seeds, calibration),
    format,
    calibration,
    noise: settings.noise,
    ...(watch === undefined ? {} : { watch }),
    ...(oracles === undefined ? {} : { oracles }),
  });
};

const MOST_WORDS = 1024;

export const benchOf = (lab: Lab, { settings, format }: LabParts): Bench => {
  const own = settings.dictionary.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  const words = [...own, ...dictionaryOf(format.layout)].slice(0, MOST_WORDS);
  return new Bench(lab, settings.seed, words);
};
