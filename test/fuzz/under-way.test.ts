import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { mtty } from '../../src/formats/mtty.ts';
import { Folder, type Settings } from '../../src/fuzz/campaign/folder.ts';
import { forgetLeftover, leftoverIn, UnderWay } from '../../src/fuzz/campaign/under-way.ts';
import { findingOfLeftover } from '../../src/fuzz/machine-down.ts';
import { plainSession, type Plan } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import { temporary } from './run-campaign.ts';

const seed = skeletonOf(mtty, build(mtty.layout, mtty.sample).bytes);
const planOf = (value: bigint): Plan => ({
  seed: seed.digest,
  edits: [{ kind: 'set', field: 'port[0].head', value }],
  repair: { kind: 'all' },
  session: plainSession,
});
const record = (folder: string): string => join(folder, 'under-way.jsonl');

/** Two executions that ended, and one that is under way. */
const interrupted = (folder: string): void => {
  const underWay = new UnderWay(folder);
  for (const value of [1n, 2n]) {
    underWay.begins(planOf(value));
    underWay.ended();
  }
  underWay.begins(planOf(3n));
  underWay.close();
};

/** What was written lies there as it was when the machine starts again, and the kernel has another name for it. */
const machineStarts = (folder: string): void => {
  const own = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const text = readFileSync(record(folder), 'utf8');
  assert.ok(text.includes(own));
  writeFileSync(record(folder), text.replaceAll(own, '00000000-0000-4000-8000-000000000000'));
};

describe('an execution of whose end nothing is known', () => {
  it('took the fuzzer down where the machine goes on', () => {
    using folder = temporary();
    interrupted(folder.path);
    const leftover = leftoverIn(folder.path);
    assert.equal(leftover?.machineWentDown, false);
    assert.deepEqual(leftover.plan, planOf(3n));
    assert.deepEqual(leftover.before, [planOf(2n), planOf(1n)]);
  });

  it('took the machine down where that was started again', () => {
    using folder = temporary();
    interrupted(folder.path);
    machineStarts(folder.path);
    const leftover = leftoverIn(folder.path);
    assert.equal(leftover?.machineWentDown, true);
    assert.deepEqual(leftover.plan, planOf(3n));
  });

  it('is none when it ended, when it never began, and when it was told', () => {
    using folder = temporary();
    const { path } = folder;
    assert.equal(leftoverIn(path), undefined);
    interrupted(path);
    const whole = readFileSync(record(path), 'utf8');
    // A line that the disk has in part is of an execution that had not begun.
    truncateSync(record(path), whole.length - 5);
    assert.equal(leftoverIn(path), undefined);
    writeFileSync(record(path), `${whole}{"ended":true}\n`);
    assert.equal(leftoverIn(path), undefined);
    writeFileSync(record(path), whole);
    forgetLeftover(path);
    assert.equal(leftoverIn(path), undefined);
  });

  it('becomes a finding that says which of the two it was', () => {
    using folder = temporary();
    const settings: Settings = {
      version: 1,
      target: 'vfio:none',
      format: 'mtty',
      formatFiles: [],
      seed: 1,
      ...{ timeout: 1000, memory: 1, output: 1, environment: {}, allowDevice: false },
      ...{ noise: [], dictionary: [] },
    };
    const { digest, bytes } = seed;
    const campaign = Folder.create(folder.path, settings, [{ name: 'seed', digest, bytes }]);
    try {
      const tell = (): string | undefined =>
        findingOfLeftover(campaign, libraryOf([seed]), () => '')?.finding.message;
      interrupted(folder.path);
      assert.match(tell() ?? '', /^the fuzzer ended during this execution/u);
      interrupted(folder.path);
      machineStarts(folder.path);
      assert.match(tell() ?? '', /^the machine went down during this execution/u);
      assert.equal(tell(), undefined);
    } finally {
      campaign.close();
    }
  });
});
