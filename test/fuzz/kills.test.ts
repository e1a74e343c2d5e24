import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { describe, it } from 'vitest';

import { build } from '../../bench/bugs/build.mjs';
import { journalLines } from '../../src/fuzz/campaign/journal.ts';
import { Random } from '../../src/fuzz/random.ts';
import { temporary } from './run-campaign.ts';

const root = join(import.meta.dirname, '..', '..');
const wanted = Number(process.env.VSTATE_KILLS ?? 0);
const BUGS = 'mtty-fifo-index,mtty-version-skipped,mtty-half-applied';

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly words: string;
}

/** Every process of the machine, with its parent; what ends while we look is left out. */
const everyone = (): readonly Running[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/u.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1');
      return [{ pid: Number(name), parent: Number(parent), words }];
    } catch {
      return [];
    }
  });

/** What runs below a process, at any depth. */
const below = (pid: number, all: readonly Running[]): readonly Running[] =>
  all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid, all)]);

const kill = (pid: number): boolean => {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
};

/**
 * The marathon: `VSTATE_KILLS=100 npx vitest run test/fuzz/kills.test.ts`, after `npm run build`. Takes
 * some seconds for each kill.
 */
describe.skipIf(wanted === 0)('a campaign whose processes are killed at random', () => {
  it('runs and finds what one does that was let alone', async () => {
    const seed = Number(process.env.VSTATE_SEED ?? 1);
    const random = new Random(seed);
    using folder = temporary();
    const harness = build('mtty', 'harness');
    const start = (out: string): readonly string[] => [
      join(root, 'dist', 'cli.js'),
      'fuzz',
      ...(existsSync(join(out, 'campaign.json'))
        ? ['--resume']
        : ['--target', `harness:${harness}`, '--format', 'mtty', '--seed', '3']),
      ...['--seeds', join(root, 'corpus', 'mtty', 'mtty1-fifo3-loop.bin')],
      ...['--env', `VSTATE_BUG=${BUGS}`, '--workers', '2', '--executions', '20000'],
      ...['--out', out],
    ];
    const findings = (out: string): readonly string[] => readdirSync(join(out, 'findings')).sort();
    /** Every execution of the campaign and what came of it is in the digest of its last round. */
    const executed = (out: string): unknown =>
      [...journalLines(join(out, 'journal.jsonl'))].findLast(({ kind }) => kind === 'round');
    const whole = join(folder.path, 'whole');
    const undisturbed = spawnSync(process.execPath, start(whole), { encoding: 'utf8' });
    assert.equal(undisturbed.status, 1, undisturbed.stderr);
    const expected = findings(whole);
    const counts = { engine: 0, worker: 0, target: 0 };
    const told: string[] = [];
    let killed = 0;
    for (let campaign = 0; killed < wanted; campaign += 1) {
      const out = join(folder.path, `killed-${campaign}`);
      for (let over = false; !over;) {
        const engine = spawn(process.execPath, start(out), { stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        engine.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
        const ended = new Promise<number | null>((resolve) => engine.once('close', resolve));
        const { pid } = engine;
        assert.ok(pid !== undefined);
        const gone = (): boolean => engine.exitCode !== null || engine.signalCode !== null;
        while (!gone() && killed < wanted) {
          await sleep(100 + random.below(4000));
          const own = below(pid, everyone());
          const workers = own.filter(({ words }) => words.includes('fuzz-worker'));
          const targets = own.filter(({ words }) => words.startsWith(harness));
          const turn = random.below(3);
          const [who, victims] = [
            ['engine', [{ pid }]],
            ['worker', workers],
            ['target', targets],
          ][turn] as [keyof typeof counts, readonly { readonly pid: number }[]];
          const victim = victims[random.below(Math.max(victims.length, 1))];
          if (gone() || victim === undefined || !kill(victim.pid)) continue;
          killed += 1;
          counts[who] += 1;
          if (who === 'engine') break;
        }
        const status = await ended;
        over = status !== null;
        if (over) assert.equal(status, 1, said);
        assert.doesNotMatch(said, /this is a bug/u);
      }
      const found = findings(out);
      told.push(
        ...expected.filter((id) => !found.includes(id)).map((id) => `${campaign}: lost ${id}`),
        ...found.filter((id) => !expected.includes(id)).map((id) => `${campaign}: more ${id}`),
        ...(isDeepStrictEqual(executed(out), executed(whole))
          ? []
          : [`${campaign}: executed others`]),
      );
    }
    process.stdout.write(
      `${JSON.stringify({ killed, counts, findings: expected.length, told })}\n`,
    );
    assert.deepEqual(told, []);
  }, 3_600_000);
});
