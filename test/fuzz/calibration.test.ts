import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';

import { gvtG } from '../../src/formats/gvt-g.ts';
import { virtio } from '../../src/formats/virtio.ts';
import type { Settings } from '../../src/fuzz/campaign/folder.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { draftSeeds } from '../../src/fuzz/draft-seeds.ts';
import { labOf } from '../../src/fuzz/open-lab.ts';
import { MOST_JUDGED } from '../../src/fuzz/lab.ts';
import { plainSession, type Plan } from '../../src/fuzz/plan.ts';
import { skeletonOf, type Skeleton } from '../../src/fuzz/skeleton.ts';
import { mtty } from '../../src/formats/mtty.ts';
import { build } from '../../src/layout/build.ts';
import { plainResult } from '../../src/targets/harness-results.ts';
import type { Target } from '../../src/targets/target.ts';

/** Takes whatever it is given. */
const credulous: Target = {
  id: 'credulous',
  abilities: {
    ...{ session: true, save: false, run: false, reset: false },
    ...{ coverage: false, comparisons: false, batch: 64 },
  },
  run: async (executions) =>
    executions.map(({ steps }) =>
      plainResult(
        { kind: 'accepted' },
        steps.map((step) => (step.do === 'write' ? step.length : 0)),
      ),
    ),
  [Symbol.asyncDispose]: async () => undefined,
};
const { signal } = new AbortController();

describe('what seeds teach', () => {
  const taught = async (seeds: readonly Skeleton[]): Promise<readonly string[]> => {
    const calibration = await calibrate(credulous, seeds, virtio, signal);
    assert.ok(!('unavailable' in calibration));
    return Object.keys(calibration.expect);
  };
  const drafts = draftSeeds(virtio);

  it('is what the device can do, where a device wrote them', async () => {
    const seed = build(virtio.layout, virtio.sample);
    const captured = skeletonOf(virtio, Uint8Array.from([...seed.bytes, ...seed.bytes]));
    const keys = await taught([...drafts, captured]);
    assert.ok(
      keys.some((key) => key.endsWith('device_features')),
      keys.join(', '),
    );
  });

  it('is which device it is, where one seed alone says so', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'corpus', 'gvt-g');
    const seeds = ['minimal.bin', 'config-space.bin', 'one-page-table.bin'].map((name) =>
      skeletonOf(gvtG, readFileSync(join(folder, name))),
    );
    const calibration = await calibrate(credulous, seeds, gvtG, signal);
    assert.ok(!('unavailable' in calibration));
    const { expect } = calibration;
    const [, device] = Object.entries(expect).find(([key]) => key.endsWith('device_id')) ?? [];
    assert.equal(device, String(0x1912), JSON.stringify(expect));
  });

  it('is not that, where they were built from the layout', async () => {
    const keys = await taught(drafts);
    assert.ok(!keys.some((key) => key.endsWith('device_features')), keys.join(', '));
  });
});

describe('a campaign that knows more classes of plans than it can keep', () => {
  it('asks the rules about some of the others', async () => {
    const seed = skeletonOf(mtty, build(mtty.layout, mtty.sample).bytes);
    const calibration = await calibrate(credulous, [seed], mtty, signal);
    assert.ok(!('unavailable' in calibration));
    const plans = Array.from({ length: 480 }, (_, at): Plan => ({
      seed: seed.digest,
      edits: [
        { kind: 'set', field: 'port[0].head', value: BigInt(16 + (at % 40)) },
        { kind: 'set', field: 'port[0].tail', value: BigInt(16 + Math.floor(at / 40)) },
      ],
      repair: { kind: 'all' },
      session: plainSession,
    }));
    const seen = async (known: number): Promise<number> => {
      const settings: Settings = {
        version: 1,
        target: 'module:x',
        format: 'mtty',
        formatFiles: [],
        seed: 1,
        ...{ timeout: 1000, memory: 1, output: 1, environment: {}, allowDevice: false },
        ...{ noise: [], dictionary: [] },
      };
      const lab = labOf({ settings, format: mtty, target: credulous, seeds: [seed], calibration });
      lab.learn(Uint32Array.from({ length: known }, (_, at) => at));
      const told = async (): Promise<number> => {
        const results = await lab.run(lab.apply(plans), signal);
        return results.filter(({ witnesses }) => witnesses.length > 0).length;
      };
      const first = await told();
      // The next batch on this worker is judged as one on any other would be.
      const asked = lab.takeAsked();
      assert.equal(await told(), first);
      lab.takeAsked();
      lab.learn(Uint32Array.from(asked));
      if (known === 0) assert.equal(await told(), 0);
      return first;
    };
    assert.equal(await seen(0), plans.length);
    const some = await seen(MOST_JUDGED);
    assert.ok(some > 0 && some < plans.length / 4, String(some));
  });
});
