import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { mlx5 } from '../../src/formats/mlx5.ts';
import { plainSession } from '../../src/fuzz/plan.ts';
import { noClang, oraclesOf, seenOn } from './bench-driver.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'mlx5');

/** What the oracles say of the seed as it is, in one write, on a driver of the bug bench. */
const oraclesOn = async (bug: string | undefined): Promise<readonly string[]> => {
  const bytes = readFileSync(join(corpus, 'incremental-images.bin'));
  const plan = { edits: [], repair: { kind: 'none' }, session: plainSession } as const;
  return oraclesOf(await seenOn(mlx5, bug, bytes, plan));
};

describe.skipIf(noClang)('state-depends-on-cuts', () => {
  it('is said of a driver that loads a part twice when a write begins behind it', async () => {
    assert.deepEqual(await oraclesOn('mlx5-loaded-twice'), ['state-depends-on-cuts']);
  });

  it('is not said of the same driver without the bug', async () => {
    assert.deepEqual(await oraclesOn(undefined), []);
  });
});
