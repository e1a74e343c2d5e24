import { dirname, join } from 'node:path';
import { calibrate } from '../fuzz/calibration.ts';
import { isRecord, jsonOf, settingsOf, type Settings } from '../fuzz/campaign/folder.ts';
import { readFinding, type StoredFinding } from '../fuzz/finding-folder.ts';
import type { Lab } from '../fuzz/lab.ts';
import { labOf, openTargets } from '../fuzz/open-lab.ts';
import { machineWentDown } from '../fuzz/oracles/machine-went-down.ts';
import { skeletonOf } from '../fuzz/skeleton.ts';
import { seedsOfPlans, watched, watchOver } from '../fuzz/watch.ts';
import { UndoneError, UsageError } from './exit.ts';
import type { TargetFlags } from './fuzz-program.ts';
import { campaignFormat, limitsOf, targetExplained, warnOnce } from './fuzz-target.ts';
import { reasonOf } from './options.ts';

/** The finding in a folder, with the settings of the campaign that it lies in. */
export const openFinding = (
  path: string,
  flags: TargetFlags,
  target: string | undefined,
): { readonly stored: StoredFinding; readonly settings: Settings } => {
  const stored = storedAt(path);
  const document: unknown = jsonOf(join(path, 'finding.json'));
  const campaign = settingsOf(jsonOf(join(dirname(dirname(path)), 'campaign.json')));
  const told = isRecord(document) ? document : {};
  const wanted = target ?? campaign?.target ?? textOf(told.target);
  const format = campaign?.format ?? textOf(told.format);
  if (wanted === undefined || format === undefined) {
    throw new UsageError(`${path} does not say which target it is for`, 'name one with --target');
  }
  const own = limitsOf(flags);
  return {
    stored,
    settings: {
      version: 1,
      seed: 0,
      formatFiles: [],
      noise: [],
      dictionary: [],
      ...campaign,
      ...own,
      environment: { ...campaign?.environment, ...own.environment },
      target: wanted,
      format,
    },
  };
};

const storedAt = (path: string): StoredFinding => {
  let stored;
  try {
    stored = readFinding(path);
  } catch (error) {
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
  if (stored === undefined) {
    throw new UsageError(
      `${path} is not the folder of a finding`,
      'findings lie in CAMPAIGN/findings',
    );
  }
  return stored;
};

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/**
 * Opens the target of a finding, with the seeds that the finding brings, for as long as the work takes.
 *
 * @param path where a record is kept of what is run on a target that may take the machine down
 */
export const inLab = async <Result>(
  stored: StoredFinding,
  settings: Settings,
  signal: AbortSignal,
  work: (lab: Lab) => Promise<Result>,
  path?: string,
): Promise<Result> => {
  const format = await campaignFormat(settings.format, settings.formatFiles);
  const targets = await targetExplained(openTargets(settings, warnOnce()));
  const watch = path === undefined ? undefined : watchOver(targets.target, path, []);
  try {
    const seeds = stored.seeds.map((bytes) => skeletonOf(format, bytes));
    const fatal =
      stored.oracle === machineWentDown.id ? seedsOfPlans([stored.plan]) : new Set<string>();
    const target = watched(targets.target, watch);
    const calibration = await calibrate(target, seeds, format, signal, fatal);
    if ('unavailable' in calibration) throw new UndoneError(calibration.unavailable);
    const kept = watch === undefined ? {} : { watch };
    return await work(labOf({ settings, format, seeds, calibration, ...targets, ...kept }));
  } finally {
    watch?.close();
    await targets.target[Symbol.asyncDispose]();
    await targets.against?.[Symbol.asyncDispose]();
  }
};
