import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { qat } from '../../src/formats/qat.ts';
import { plainSession, type Edit } from '../../src/fuzz/plan.ts';
import { noClang, oraclesOf, seenOn } from './bench-driver.ts';

const file = join(import.meta.dirname, '..', '..', 'corpus', 'qat', 'image-with-two-slas.bin');
/** A state that the driver takes and that is none of the seeds. */
const edited: Edit = {
  kind: 'set',
  field: 'state.sections[0].data[2].data.slas[0].cir',
  value: 7n,
};

/** What the oracles say when a state is restored twice into one device. */
const oraclesOn = async (
  bug: string | undefined,
  edits: readonly Edit[],
): Promise<readonly string[]> => {
  const session = { ...plainSession, shape: 'twice' } as const;
  const seen = await seenOn(qat, bug, readFileSync(file), {
    edits,
    repair: { kind: 'all' },
    session,
  });
  assert.deepEqual(
    seen.map(({ result }) => result.outcome),
    [{ kind: 'accepted' }],
  );
  return oraclesOf(seen);
};

describe.skipIf(noClang)('a state restored twice', () => {
  it('shows a driver that adds the second to the first, of a seed and of a mutant', async () => {
    assert.deepEqual(await oraclesOn('qat-slas-added', []), ['later-save-differs']);
    assert.deepEqual(await oraclesOn('qat-slas-added', [edited]), ['later-save-differs']);
  });

  it('shows nothing of the same driver without the bug', async () => {
    assert.deepEqual(await oraclesOn(undefined, []), []);
    assert.deepEqual(await oraclesOn(undefined, [edited]), []);
  });
});
