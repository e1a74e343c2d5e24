import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

import { build } from '../../bench/bugs/build.mjs';
import type { Format } from '../../src/formats/format.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { Lab, type Seen } from '../../src/fuzz/lab.ts';
import type { Plan } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { openTarget } from '../../src/targets/open.ts';
import { options, patient } from '../targets/options.ts';

/** The drivers of the bug bench are compiled with it. */
export const noClang = spawnSync('clang', ['--version']).status !== 0;

/** What is seen when a plan over one seed runs on a driver of the bug bench, with a bug or without. */
export const seenOn = async (
  format: Format,
  bug: string | undefined,
  bytes: Uint8Array,
  plan: Omit<Plan, 'seed'>,
): Promise<readonly Seen[]> => {
  const seed = skeletonOf(format, bytes);
  const environment = bug === undefined ? {} : { VSTATE_BUG: bug };
  const program = build(format.id, 'harness');
  await using target = await openTarget(
    `harness:${program}`,
    options({ environment, timeout: 10_000, memory: 1 << 30 }),
  );
  const calibration = await calibrate(target, [seed], format, patient);
  assert.ok(!('unavailable' in calibration));
  const lab = new Lab({ target, library: libraryOf([seed]), format, calibration, noise: [] });
  return await lab.examine([{ seed: seed.digest, ...plan }], patient);
};

/** Ids of the oracles that say something. */
export const oraclesOf = (seen: readonly Seen[]): readonly string[] =>
  seen.flatMap(({ witnesses }) => witnesses.map(({ oracle }) => oracle.id));
