import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, it } from 'vitest';

import { Memory } from '../../src/fuzz/memory.ts';
import { plainSession } from '../../src/fuzz/plan.ts';
import { processWorker } from '../../src/fuzz/worker-process.ts';
import { temporary } from './run-campaign.ts';

/** Answers a job with how many entries it has been told of, and which process it is. */
const COUNTING = `
let entries = 0;
let jobs = 0;
process.on('message', (message) => {
  if (message.kind === 'setup') process.send({ kind: 'ready' });
  if (message.kind === 'learn') entries += message.update.entries.length;
  if (message.kind === 'run') {
    jobs += 1;
    const report = { entries, jobs, pid: process.pid };
    process.send({ kind: 'report', ticket: message.ticket, report });
  }
});
process.on('disconnect', () => process.exit());
`;

const remember = (memory: Memory, number: number): void => {
  const plan = { seed: '', edits: [], repair: { kind: 'all' }, session: plainSession } as const;
  const parent = { plan, operands: [] };
  memory.add({ number, parent, file: '', features: 1, size: 1, drawn: 0 });
};

describe('a worker that is killed between two rounds', () => {
  // Before its end is noticed, while it gets up again, and after that; it is right at any time.
  it.each([0, 20, 500])('knows each entry once when the next begins %d ms later', async (wait) => {
    using folder = temporary();
    const program = join(folder.path, 'worker.cjs');
    writeFileSync(program, COUNTING);
    const memory = new Memory();
    const setup = undefined as never;
    const worker = await processWorker({
      program: [program],
      setup,
      memory,
      warn: () => undefined,
    });
    const run = async (round: number) => {
      const job = { round, batch: 0, systematic: [], search: 1 };
      const report: unknown = await worker.run(job, new AbortController().signal);
      return report as { readonly entries: number; readonly jobs: number; readonly pid: number };
    };
    remember(memory, 0);
    worker.learn(memory.update());
    const { pid, ...first } = await run(0);
    assert.deepEqual(first, { entries: 1, jobs: 1 });
    remember(memory, 1);
    process.kill(pid, 'SIGKILL');
    await sleep(wait);
    worker.learn(memory.update());
    const { pid: other, ...second } = await run(1);
    assert.deepEqual(second, { entries: 2, jobs: 1 });
    assert.notEqual(other, pid);
    await worker.close();
  });
});
