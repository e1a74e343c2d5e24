import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openTarget } from '../../src/targets/open.ts';
import { lacks } from './compilers.ts';
import { execution, options, patient } from './options.ts';

const words = '-M q35,accel=tcg -m 8 -nodefaults -vga none';
const spec = `qemu:qemu-system-x86_64 ${words}`;
const limits = options({ timeout: 30_000, memory: 2 ** 31 });

describe.skipIf(lacks('qemu-system-x86_64'))('qemu:', () => {
  let folder = '';
  let stream: Uint8Array = new Uint8Array(0);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-qemu-test-'));
    const file = join(folder, 'stream');
    // A stock QEMU writes the stream that it is to read again.
    const { stderr, status } = spawnSync(
      'qemu-system-x86_64',
      [...words.split(' '), '-display', 'none', '-S', '-monitor', 'stdio'],
      { input: `migrate "exec:cat>${file}"\nquit\n`, encoding: 'utf8', timeout: 50_000 },
    );
    assert.equal(status, 0, stderr);
    stream = readFileSync(file);
    assert.ok(stream.length > 1000);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const changed = (at: number, value: number): Uint8Array => {
    const copy = Uint8Array.from(stream);
    copy[at] = value;
    return copy;
  };

  it('classes what became of a stream, and blames nothing on the laboratory', async () => {
    await using target = await openTarget(spec, limits);
    assert.equal(target.abilities.session, false);
    const streams = [
      stream,
      changed(0, 0),
      changed(4, 0xff),
      stream.subarray(0, stream.length >> 1),
      stream.subarray(0, 3),
      stream,
    ];
    const results = await target.run(
      streams.map((bytes) => execution(bytes)),
      patient,
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome.kind),
      ['accepted', ...streams.slice(2).map(() => 'rejected'), 'accepted'],
      JSON.stringify(results.map(({ outcome, message }) => [outcome, message])),
    );
    const [, magic] = results;
    assert.deepEqual(magic!.outcome, { kind: 'rejected', reason: 'Not a migration stream' });
  });

  it('tells a QEMU that waits from one that hangs', async () => {
    await using target = await openTarget(spec, options({ timeout: 1000, memory: 2 ** 31 }));
    const [result] = await target.run([execution(new Uint8Array(0))], patient);
    assert.deepEqual(result!.outcome, { kind: 'rejected', reason: 'it waits for more' });
  });

  it('says in a line why a machine does not start', async () => {
    await assert.rejects(
      openTarget('qemu:qemu-system-x86_64 -M none,oops=1', limits),
      /did not start/u,
    );
  });
});
