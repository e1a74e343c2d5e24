import assert from 'node:assert/strict';
import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { wholeRestore, type Execution, type Outcome } from '../../src/targets/target.ts';
import { compiled, lacks, opened } from './compile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vstate-hostile-'));
const never = new AbortController().signal;

/** One execution a letter; `hostile.c` says what they do. */
const letters = (text: string): readonly Execution[] =>
  text.split('').map((letter) => ({
    inputs: [{ base: Buffer.from(letter), splices: [] }],
    steps: wholeRestore(1),
    onRefusal: 'stop',
  }));

/** Processes of the program that are still there. */
const alive = (program: string): readonly string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/u.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith(program)
      );
    } catch {
      return false;
    }
  });

/** What is killed takes a moment to go. */
const nothingLeft = async (program: string): Promise<void> => {
  for (let tries = 0; alive(program).length > 0 && tries < 100; tries += 1) await sleep(20);
  assert.deepEqual(alive(program), []);
};

const accepted: Outcome = { kind: 'accepted' };
const crashed = (signal: string): Outcome => ({ kind: 'crashed', signal, stack: [] });

describe.skipIf(lacks('gcc'))('a harness that is hostile', () => {
  let program = '';
  beforeAll(() => {
    const source = readFileSync(path.join(import.meta.dirname, 'hostile.c'), 'utf8');
    program = compiled(folder, 'hostile', source);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What came of each execution, in one run; nothing of the target is left behind. */
  const outcomes = async (
    text: string,
    options: Parameters<typeof opened>[1] = {},
  ): Promise<readonly Outcome[]> => {
    const target = await opened(program, { timeout: 400, ...options });
    const results = await target.run(letters(text), never);
    await target[Symbol.asyncDispose]();
    await nothingLeft(program);
    return results.map(({ outcome }) => outcome);
  };

  it('crashes, exits or hangs at one execution of a batch, and only there', async () => {
    assert.deepEqual(await outcomes('..k.x..h.r'), [
      ...[accepted, accepted, crashed('SIGSEGV'), accepted, crashed('exit 0'), accepted, accepted],
      ...[{ kind: 'hung' }, accepted, { kind: 'rejected', reason: 'write: EPERM' }],
    ]);
  });

  it('hangs although it has disabled the clock or stopped itself', async () => {
    const hung: Outcome = { kind: 'hung' };
    assert.deepEqual(await outcomes('.d.s.'), [accepted, hung, accepted, hung, accepted]);
  });

  it('forks, and no copy answers in its place or stays', async () => {
    assert.deepEqual(await outcomes('.f.f.'), new Array(5).fill(accepted));
  });

  it('eats memory, and is not taken for a crash', async () => {
    assert.deepEqual(await outcomes('.m.', { memory: 64 << 20, timeout: 5000 }), [
      accepted,
      { kind: 'exhausted', what: 'memory' },
      accepted,
    ]);
  });

  it('prints without end, and the disk does not fill', async () => {
    assert.deepEqual(await outcomes('.p.', { output: 1 << 16 }), [
      accepted,
      { kind: 'exhausted', what: 'output' },
      accepted,
    ]);
  });

  it('closes its pipes, and every result is there', async () => {
    assert.deepEqual(await outcomes('.c..r'), [
      ...[accepted, accepted, accepted, accepted],
      { kind: 'rejected', reason: 'write: EPERM' },
    ]);
  });

  it('writes over its results, which is no crash', async () => {
    const [first, second, third] = await outcomes('.w.');
    assert.deepEqual([first, third], [accepted, accepted]);
    assert.equal(second?.kind, 'unavailable');
  });

  it('writes into the pipes, which is no crash', async () => {
    const [first, second, third] = await outcomes('.t.');
    assert.deepEqual([first, third], [accepted, accepted]);
    assert.notEqual(second?.kind, 'crashed');
  });

  it('is killed again and again, and that is nobody’s finding', async () => {
    assert.deepEqual(await outcomes('.9.'), [
      accepted,
      { kind: 'unavailable', reason: 'the harness was ended by SIGKILL' },
      accepted,
    ]);
  });

  it('keeps memory, and the execution that kept it says so', async () => {
    await using target = await opened(program);
    const growth = (await target.run(letters('..g.g'), never)).map((result) => result.growth);
    assert.ok(growth[2]! >= 100_000 && growth[4]! >= 100_000, String(growth));
    assert.deepEqual([growth[0], growth[1], growth[3]], [0, 0, 0]);
  });

  it('keeps memory among many, in front of one that ends it too, and only those say so', async () => {
    await using target = await opened(program);
    const keeps = new Set([0, 3, 15, 16, 38, 70]);
    const script = Array.from({ length: 80 }, (_, at) =>
      keeps.has(at) ? 'g' : at === 71 ? 'k' : '.',
    );
    const results = await target.run(letters(script.join('')), never);
    const told = results.flatMap(({ growth }, at) => (growth >= 100_000 ? [at] : []));
    assert.deepEqual(told, [...keeps]);
    assert.deepEqual(results[71]?.outcome, crashed('SIGSEGV'));
  });

  it('never starts, and the reason is told', async () => {
    const start = async (HOSTILE_START: string): Promise<unknown> =>
      opened(program, { output: 1 << 16, environment: { HOSTILE_START } });
    await assert.rejects(start('x'), /ended with exit 7: cannot find the device/u);
    await assert.rejects(start('p'), /hostile/u);
    await assert.rejects(opened(path.join(folder, 'hostile.c')), /not a program/u);
    await assert.rejects(opened(path.join(folder, 'nothing')), /no such file/u);
    await assert.rejects(opened('/bin/true'), /exit 0/u);
    await nothingLeft(program);
  });

  it('is killed from outside at any moment, and no execution is lost', async () => {
    await using target = await opened(program);
    const batch = letters('.r'.repeat(500));
    const wanted = batch.map((_, index) => (index % 2 === 0 ? 'accepted' : 'rejected')).join();
    let kills = 0;
    const killer = setInterval(() => {
      // Now the worker, now the server with it.
      const pid = alive(program)[kills % 2];
      if (pid === undefined) return;
      kills += 1;
      process.kill(Number(pid), 'SIGKILL');
    }, 53);
    try {
      for (let round = 0; kills < 12; round += 1) {
        const results = await target.run(batch, never);
        const got = results.map(({ outcome }) => outcome.kind).join();
        assert.ok(got === wanted, `round ${round}`);
      }
    } finally {
      clearInterval(killer);
    }
  });
});
