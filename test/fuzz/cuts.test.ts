import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { pds } from '../../src/formats/pds.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { Lab } from '../../src/fuzz/lab.ts';
import { plainSession } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { plainResult } from '../../src/targets/harness-results.ts';
import type { Target } from '../../src/targets/target.ts';
import { patient } from '../targets/options.ts';

const abilities = {
  ...{ session: true, save: false, run: false, reset: false },
  ...{ coverage: false, comparisons: false, batch: 64 },
};

/** Refuses what begins with fewer bytes than a word of its header has. */
const hasty = (word: number): Target => ({
  id: 'hasty',
  abilities,
  run: async (executions) =>
    executions.map(({ steps }) => {
      const first = steps.find((step) => step.do === 'write');
      if (first !== undefined && first.length < word) {
        const answers = steps.map((step) => (step.do === 'write' ? -22 : 0));
        return plainResult({ kind: 'rejected', reason: 'write: EINVAL' }, answers);
      }
      const answers = steps.map((step) => (step.do === 'write' ? step.length : 0));
      return plainResult({ kind: 'accepted' }, answers);
    }),
  [Symbol.asyncDispose]: async () => undefined,
});

const seed = skeletonOf(
  pds,
  Uint8Array.from({ length: 1 << 16 }, (_, at) => 1 + (at % 251)),
);

const labFor = async (target: Target): Promise<Lab> => {
  const calibration = await calibrate(target, [seed], pds, patient);
  assert.ok(!('unavailable' in calibration));
  return new Lab({ target, library: libraryOf([seed]), format: pds, calibration, noise: [] });
};

describe('a state that is cut otherwise', () => {
  it.each([
    [8, ['verdict-depends-on-cuts']],
    [1, []],
  ] as const)('shows a device that wants %d bytes at first, of a long state', async (word, ids) => {
    const lab = await labFor(hasty(word));
    const repair = { kind: 'all' } as const;
    const plan = { seed: seed.digest, edits: [], repair, session: plainSession };
    const seen = await lab.examine([plan], patient);
    assert.deepEqual(
      seen.flatMap(({ witnesses }) => witnesses.map(({ oracle }) => oracle.id)),
      ids,
    );
  });
});
