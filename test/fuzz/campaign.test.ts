import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { journalLines } from '../../src/fuzz/campaign/journal.ts';
import type { Result, Target } from '../../src/targets/target.ts';
import { runCampaign, temporary } from './run-campaign.ts';
import { serialTarget } from './serial-device.ts';

const bugs = [
  'crashes on a divisor of 0xffff',
  'forgets that the header was refused',
  'does not check head and tail',
] as const;

const rounds = (path: string): readonly unknown[] =>
  [...journalLines(join(path, 'journal.jsonl'))].filter(({ kind }) => kind !== 'resume');

/** The same target, asked through a function that sees what it answers. */
const seenBy = (target: Target, see: (results: readonly Result[]) => readonly Result[]): Target =>
  Object.assign(Object.create(target) as Target, {
    run: async (...args: Parameters<Target['run']>) => see(await target.run(...args)),
  });

describe('a campaign', () => {
  it('is the same on one worker and on three, however long each of them takes', async () => {
    using one = temporary();
    using three = temporary();
    const target = serialTarget(...bugs);
    const alone = await runCampaign({ path: one.path, target, executions: 3000 });
    let turn = 0;
    const uneven = seenBy(target, (results) =>
      results.map((result) => ({ ...result, nanoseconds: 1000 << (turn = (turn + 7) % 10) })),
    );
    const together = await runCampaign({
      path: three.path,
      target: uneven,
      executions: 3000,
      workers: 3,
    });
    assert.deepEqual(rounds(three.path), rounds(one.path));
    assert.ok(alone.reports.length > 3);
    assert.deepEqual(
      together.reports.map(({ id }) => id),
      alone.reports.map(({ id }) => id),
    );
  });

  it('comes to the same end from wherever it was killed', { timeout: 120_000 }, async () => {
    using whole = temporary();
    using copies = temporary();
    const target = serialTarget(...bugs);
    const executions = 2000;
    // What a kill during triage leaves is what is in the folder while the target runs.
    let runs = 0;
    const watched = seenBy(target, (results) => {
      const inTriage = readdirSync(join(whole.path, 'findings')).some((name) =>
        name.startsWith('new-'),
      );
      if (inTriage) runs += 1;
      if (inTriage && runs % 13 === 0) {
        cpSync(whole.path, join(copies.path, `${runs}`), { recursive: true });
      }
      return results;
    });
    // By this clock the state is saved in every second round.
    let seconds = 0;
    const now = (): number => (seconds += 0.25) * 1000;
    const end = await runCampaign({ path: whole.path, target: watched, executions, now });
    const found = readdirSync(join(whole.path, 'findings')).sort();
    assert.equal(found.length, end.statistics.findings);
    const left = readdirSync(copies.path).map((name) => join(copies.path, name));
    assert.ok(left.length >= 3, `${left.length} copies`);
    for (const path of left) {
      const { statistics } = await runCampaign({ path, target, executions });
      assert.deepEqual(readdirSync(join(path, 'findings')).sort(), found);
      assert.equal(statistics.findings, found.length);
      assert.deepEqual(rounds(path).at(-1), rounds(whole.path).at(-1));
    }
  });

  it('is another one with another seed', async () => {
    using one = temporary();
    using other = temporary();
    const target = serialTarget();
    await runCampaign({ path: one.path, target, executions: 500 });
    await runCampaign({ path: other.path, target, executions: 500, settings: { seed: 8 } });
    assert.notDeepEqual(rounds(other.path), rounds(one.path));
  });

  it('leaves a folder that anyone can read', async () => {
    using folder = temporary();
    const { path } = folder;
    const ran = await runCampaign({ path, target: serialTarget(...bugs), executions: 1500 });
    const [report] = ran.reports;
    const files = readdirSync(join(path, 'findings', report?.id ?? ''));
    assert.deepEqual(files.sort(), [
      'finding.json',
      'minimal.bin',
      'minimal.json',
      'original.bin',
      'plan.json',
      'report.txt',
      'reproduce.sh',
      'reproducer.c',
      'rule-draft.ts',
      'seeds',
    ]);
    const kept = readdirSync(join(path, 'corpus', 'kept'));
    assert.match(
      kept.sort()[0] ?? '',
      /^id:000000,time:0,execs:0,orig:[\w.-]+,sha256:[0-9a-f]{16}$/u,
    );
    assert.match(readFileSync(join(path, 'fuzzer_stats'), 'utf8'), /^execs_done +: \d+$/mu);
    assert.match(
      readFileSync(join(path, 'plot_data'), 'utf8'),
      /^# relative_time.*\n(?:[\d., %]+\n)+$/u,
    );
    assert.ok(ran.reports.every(({ rows }) => rows.length <= 2));
  });

  it('stops at the first finding when it is asked to', async () => {
    using folder = temporary();
    const { path } = folder;
    const target = serialTarget('does not check head and tail');
    const ran = await runCampaign({ path, target, executions: 1e6, stopOnFirst: true });
    assert.equal(ran.why, 'first finding');
    assert.equal(ran.reports.length, 1);
  });

  it('goes on behind a refusal that the layout alone may explain', async () => {
    using folder = temporary();
    const { path } = folder;
    const target = serialTarget('refuses a state with an overrun');
    const ran = await runCampaign({ path, target, executions: 2000, stopOnFirst: true });
    assert.deepEqual([ran.why, ran.oracles], ['executions', ['refused-although-sound']]);
  });

  it('steps around a known crash, and says what it cost', async () => {
    using folder = temporary();
    const { path } = folder;
    const target = serialTarget('crashes on a divisor of 0xffff');
    const ran = await runCampaign({ path, target, executions: 4000 });
    assert.deepEqual(ran.oracles, ['restore-crashed']);
    assert.ok(ran.statistics.steppedAround > 0);
    const costs: unknown = JSON.parse(readFileSync(join(path, 'bugs.json'), 'utf8'));
    assert.ok(Array.isArray(costs) && costs.length === ran.reports.length);
  });
});
