import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openTarget } from '../../src/targets/open.ts';
import type { Outcome, Step } from '../../src/targets/target.ts';
import { serverSpecOf } from '../../src/targets/vfio-user-server.ts';
import { compile, lacks } from './compilers.ts';
import { execution, options, patient } from './options.ts';

const image = (first = 'VSRV', rest = 0): Uint8Array => {
  const bytes = new Uint8Array(64).fill(rest);
  bytes.set(Buffer.from(first));
  return bytes;
};

const refused = (reason: string): Outcome => ({ kind: 'rejected', reason });
const crashed = (signal: string): Outcome => ({ kind: 'crashed', signal, stack: [] });

describe.skipIf(lacks('gcc'))('vfio-user:', () => {
  let folder = '';
  let server = '';
  const others: ChildProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-vu-test-'));
    const source = join(import.meta.dirname, 'vfio_user_server.c');
    server = compile([source], join(folder, 'server'));
  });
  afterAll(() => {
    for (const other of others) other.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('carries out a session, with cuts as they are asked for', async () => {
    await using target = await openTarget(`vfio-user:cmd=${server} {}`, options());
    const steps: readonly Step[] = [
      { do: 'begin' },
      { do: 'write', length: 1 },
      { do: 'write', length: 100 },
      { do: 'end' },
      { do: 'run' },
      { do: 'save' },
      { do: 'input', input: 'saved' },
      { do: 'begin' },
      { do: 'write', length: 100 },
      { do: 'write', length: 0 },
      { do: 'end' },
      { do: 'reset' },
      { do: 'save' },
    ];
    const [result, short, wrong] = await target.run(
      [
        execution(image('VSRV', 7), steps),
        execution(image().subarray(1)),
        execution(image('VSRX')),
      ],
      patient,
    );
    assert.deepEqual(result!.steps, [0, 1, 63, 0, 0, 64, 0, 0, 64, 0, 0, 0, 64]);
    assert.deepEqual(result!.outcome, { kind: 'accepted' });
    assert.deepEqual([...result!.saves[0]!], [...image('VSRV', 7)]);
    assert.notDeepEqual([...result!.saves[1]!], [...image('VSRV', 7)]);
    assert.deepEqual(short!.outcome, refused('end: EINVAL'));
    assert.deepEqual(wrong!.outcome, refused('end: EINVAL'));
  });

  it('gives each misdeed of a server its outcome, and goes on', async () => {
    const limits = options({ timeout: 500, memory: 100 << 20 });
    await using target = await openTarget(`vfio-user:cmd=${server} {} hostile`, limits);
    const expected: [string, Outcome][] = [
      ['!a', crashed('SIGABRT')],
      ['VSRV', { kind: 'accepted' }],
      ['!e', crashed('exit 3')],
      ['!h', { kind: 'hung' }],
      ['!s', crashed('malformed-reply')],
      ['!i', crashed('malformed-reply')],
      ['!d', crashed('malformed-reply')],
      ['!c', refused('write: ECONNRESET')],
      ['VSRV', { kind: 'accepted' }],
    ];
    const results = await target.run(
      expected.map(([first]) => execution(image(first))),
      patient,
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      expected.map(([, outcome]) => outcome),
    );
  });

  it('counts the memory of a server that is ours, and what it asks for', async () => {
    const limits = options({ timeout: 30_000, memory: 100 << 20 });
    await using target = await openTarget(`vfio-user:cmd=${server} {} hostile`, limits);
    const [memory, output] = await target.run(
      [execution(image('!m')), execution(image('!f'))],
      patient,
    );
    assert.deepEqual(memory!.outcome, { kind: 'exhausted', what: 'memory' });
    assert.deepEqual(output!.outcome, { kind: 'exhausted', what: 'output' });
  });

  it('comes back to a server of somebody else, and says when it is gone', async () => {
    const socket = join(folder, 'others');
    const start = (): ChildProcess => {
      const other = spawn(server, [socket, 'hostile'], { stdio: 'ignore' });
      others.push(other);
      return other;
    };
    start();
    await using target = await openTarget(`vfio-user:${socket}`, options({ timeout: 1000 }));
    const [fine, dead, after] = await target.run(
      ['VSRV', '!a', 'VSRV'].map((first) => execution(image(first))),
      patient,
    );
    assert.deepEqual(fine!.outcome, { kind: 'accepted' });
    assert.deepEqual(dead!.outcome, crashed('connection-lost'));
    assert.equal(after!.outcome.kind, 'unavailable');
    rmSync(socket);
    start();
    const [again] = await target.run([execution(image())], patient);
    assert.deepEqual(again!.outcome, { kind: 'accepted' });
  });

  it.each(['reset', 'reconnect', 'restart'])('makes a new device by fresh=%s', async (way) => {
    const spec = `vfio-user:[fresh=${way},dma=0x0+0x100000]cmd=${server} {}`;
    await using target = await openTarget(spec, options());
    const left = execution(image(), [{ do: 'begin' }, { do: 'write', length: 3 }]);
    const results = await target.run([left, execution(image()), left], patient);
    assert.deepEqual(
      results.map(({ outcome }) => outcome.kind),
      ['rejected', 'accepted', 'rejected'],
    );
  });

  it('falls back to a new server where a reset leaves the migration state', async () => {
    await using target = await openTarget(`vfio-user:cmd=${server} {} reset-state`, options());
    const left = execution(image(), [{ do: 'begin' }, { do: 'write', length: 3 }]);
    const results = await target.run([left, execution(image())], patient);
    assert.deepEqual(results[1]!.outcome, { kind: 'accepted' });
  });

  it('says in a line why a server cannot be a target', async () => {
    const missing = openTarget(`vfio-user:${join(folder, 'none')}`, options());
    await assert.rejects(missing, /no server answers at the socket/u);
    await assert.rejects(openTarget('vfio-user:cmd=/bin/false {}', options()), /ended before/u);
  });
});

describe('the specification of a server', () => {
  it.each([
    ['[fresh=never]/s', /no setting/u],
    ['[dma=1]/s', /no range/u],
    ['[fresh=restart]/s', /needs cmd/u],
    ['[fresh=reset]', /no socket/u],
    ['cmd=', /no program/u],
  ])('%s is refused', (text, why) => {
    assert.throws(() => serverSpecOf(text), why);
  });
});
