import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { build } from '../../bench/bugs/build.mjs';
import { mlx5 } from '../../src/formats/mlx5.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { Lab } from '../../src/fuzz/lab.ts';
import { plainSession, type Plan } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { openTarget } from '../../src/targets/open.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'mlx5');
const signal = new AbortController().signal;

/** What the oracles say of the seed as it is, in one write, on a driver of the bug bench. */
const oraclesOn = async (bug: string): Promise<readonly string[]> => {
  const seed = skeletonOf(mlx5, readFileSync(join(corpus, 'incremental-images.bin')));
  const plan: Plan = {
    seed: seed.digest,
    edits: [],
    repair: { kind: 'none' },
    session: plainSession,
  };
  await using target = await openTarget(`harness:${build('mlx5', 'harness')}`, {
    timeout: 10_000,
    memory: 1 << 30,
    output: 1 << 20,
    environment: bug === '' ? {} : { VSTATE_BUG: bug },
    allowDevice: false,
    warn: () => undefined,
  });
  const calibration = await calibrate(target, [seed], mlx5, signal);
  assert.ok(!('unavailable' in calibration));
  const library = libraryOf([seed]);
  const lab = new Lab({ target, library, format: mlx5, calibration, noise: [] });
  const seen = await lab.examine([plan], signal);
  return seen.flatMap(({ witnesses }) => witnesses.map(({ oracle }) => oracle.id));
};

describe.skipIf(spawnSync('clang', ['--version']).status !== 0)('state-depends-on-cuts', () => {
  it('is said of a driver that loads a part twice when a write begins behind it', async () => {
    assert.deepEqual(await oraclesOn('mlx5-loaded-twice'), ['state-depends-on-cuts']);
  });

  it('is not said of the same driver without the bug', async () => {
    assert.deepEqual(await oraclesOn(''), []);
  });
});
