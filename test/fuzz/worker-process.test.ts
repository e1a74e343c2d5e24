import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, it } from 'vitest';

import { Memory } from '../../src/fuzz/memory.ts';
import { plainSession } from '../../src/fuzz/plan.ts';
import { processWorker } from '../../src/fuzz/worker-process.ts';
import { temporary } from './run-campaign.ts';

/** Says its process id when it starts, and answers a job with how many entries it has been told of. */
const COUNTING = `
let entries = 0;
let jobs = 0;
process.on('message', (message) => {
  if (message.kind === 'setup') {
    process.send({ kind: 'ready' });
    process.send({ kind: 'warning', line: String(process.pid) });
  }
  if (message.kind === 'learn') entries += message.update.entries.length;
  if (message.kind === 'run') {
    jobs += 1;
    process.send({ kind: 'report', ticket: message.ticket, report: { entries, jobs } });
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
  it.each(['before', 'while', 'after'])(
    'knows each entry once when the next round begins %s it gets up again',
    async (when) => {
      using folder = temporary();
      const program = join(folder.path, 'worker.cjs');
      writeFileSync(program, COUNTING);
      const said = new EventEmitter();
      let pid = 0;
      const memory = new Memory();
      const worker = await processWorker({
        program: [program],
        setup: undefined as never,
        memory,
        warn: (line) => {
          pid = Number(line);
          said.emit('up');
        },
      });
      const signal = new AbortController().signal;
      const job = { round: 0, batch: 0, systematic: [], search: 1 };
      remember(memory, 0);
      worker.learn(memory.update());
      const first: unknown = await worker.run(job, signal);
      assert.deepEqual(first, { entries: 1, jobs: 1 });
      remember(memory, 1);
      const again = once(said, 'up');
      assert.ok(pid > 0);
      process.kill(pid, 'SIGKILL');
      if (when === 'while') await sleep(20);
      if (when === 'after') await again;
      worker.learn(memory.update());
      const second: unknown = await worker.run({ ...job, round: 1 }, signal);
      assert.deepEqual(second, { entries: 2, jobs: 1 });
      await worker.close();
    },
  );
});
