import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { build } from '../../bench/bugs/build.mjs';
import { qat } from '../../src/formats/qat.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { Lab } from '../../src/fuzz/lab.ts';
import { plainSession, type Edit } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { openTarget } from '../../src/targets/open.ts';

const signal = new AbortController().signal;
const file = join(import.meta.dirname, '..', '..', 'corpus', 'qat', 'image-with-two-slas.bin');
/** A state that the driver takes and that is none of the seeds. */
const edited: Edit = {
  kind: 'set',
  field: 'state.sections[0].data[2].data.slas[0].cir',
  value: 7n,
};

/** What the oracles say when a state is restored twice into one device. */
const oraclesOn = async (bug: string, edits: readonly Edit[]): Promise<readonly string[]> => {
  const seed = skeletonOf(qat, readFileSync(file));
  await using target = await openTarget(`harness:${build('qat', 'harness')}`, {
    timeout: 10_000,
    memory: 1 << 30,
    output: 1 << 20,
    environment: bug === '' ? {} : { VSTATE_BUG: bug },
    allowDevice: false,
    warn: () => undefined,
  });
  const calibration = await calibrate(target, [seed], qat, signal);
  assert.ok(!('unavailable' in calibration));
  const library = libraryOf([seed]);
  const lab = new Lab({ target, library, format: qat, calibration, noise: [] });
  const repair = { kind: 'all' } as const;
  const session = { ...plainSession, shape: 'twice' } as const;
  const seen = await lab.examine([{ seed: seed.digest, edits, repair, session }], signal);
  assert.deepEqual(
    seen.map(({ result }) => result.outcome),
    [{ kind: 'accepted' }],
  );
  return seen.flatMap(({ witnesses }) => witnesses.map(({ oracle }) => oracle.id));
};

describe.skipIf(spawnSync('clang', ['--version']).status !== 0)('a state restored twice', () => {
  it('shows a driver that adds the second to the first, of a seed and of a mutant', async () => {
    assert.deepEqual(await oraclesOn('qat-slas-added', []), ['later-save-differs']);
    assert.deepEqual(await oraclesOn('qat-slas-added', [edited]), ['later-save-differs']);
  });

  it('shows nothing of the same driver without the bug', async () => {
    assert.deepEqual(await oraclesOn('', []), []);
    assert.deepEqual(await oraclesOn('', [edited]), []);
  });
});
