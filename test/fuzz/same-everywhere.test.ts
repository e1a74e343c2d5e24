import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { describe, it } from 'vitest';

import { build } from '../../bench/bugs/build.mjs';
import { journalLines } from '../../src/fuzz/campaign/journal.ts';
import { noClang } from './bench-driver.ts';
import { temporary } from './run-campaign.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a campaign of the command has run, what came of it, what it kept, and what it found. */
const campaignOf = (driver: string, bugs: string, workers: number): readonly unknown[] => {
  using folder = temporary();
  const out = join(folder.path, 'campaign');
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...[join(root, 'dist', 'cli.js'), 'fuzz', '--format', driver, '--seed', '3', '--out', out],
      ...['--target', `harness:${build(driver, 'harness')}`, '--env', `VSTATE_BUG=${bugs}`],
      ...['--seeds', join(root, 'corpus', driver), '--executions', '6000'],
      ...['--workers', `${workers}`],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 1, stderr);
  return [
    ...journalLines(join(out, 'journal.jsonl')),
    ...readdirSync(join(out, 'findings')).sort(),
  ];
};

/**
 * Addresses of another process, and what was built for another plan before, once led one worker to other
 * plans than two.
 */
describe.skipIf(noClang)(
  'a campaign on a driver in C, on one worker, on two, and once more',
  () => {
    it.each([
      ['virtio', 'virtio-empty-record,virtio-applied-at-once'],
      ['mtty', 'mtty-fifo-index,mtty-half-applied'],
    ])('is the same for %s with %s', (driver, bugs) => {
      const alone = campaignOf(driver, bugs, 1);
      assert.deepEqual(campaignOf(driver, bugs, 2), alone);
      assert.deepEqual(campaignOf(driver, bugs, 1), alone);
    });
  },
);
