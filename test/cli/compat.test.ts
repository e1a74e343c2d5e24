import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { compile, lacks } from '../targets/compilers.ts';
import { run } from './run.ts';

const state = 'corpus/mtty/two-ports.bin';
let folder = '';
let same = '';
let other = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-compat-cli-'));
  same = join(folder, 'same.yaml');
  other = join(folder, 'other.yaml');
  const { stdout, status } = run(['describe', state]);
  assert.equal(status, 0);
  writeFileSync(same, stdout);
  writeFileSync(other, stdout.replace('nr_ports: "2"', 'nr_ports: "1"'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('compat', () => {
  it('answers by exit code, with both values in the reason', () => {
    assert.equal(run(['compat', state, same]).status, 0);
    const { stdout, status } = run(['compat', state, other]);
    assert.equal(status, 1);
    assert.match(stdout, /nr_ports is 2 at the source and 1 at the destination/u);
    assert.equal(run(['compat', state, join(folder, 'none')]).status, 3);
    assert.equal(run(['compat', state, same, '--json', '--csv']).status, 2);
  });

  it('is given by describe only what it reads again', () => {
    const fleet = (count: number): string => {
      const devices = Array.from({ length: count }, (_, index) => ({
        name: `d${index}`,
        type: 'a',
      }));
      const path = join(folder, 'fleet.json');
      writeFileSync(path, JSON.stringify({ descriptor: 1, devices }));
      return path;
    };
    const written = join(folder, 'fleet.yaml');
    const describing = (...args: readonly string[]): ReturnType<typeof run> =>
      run(['describe', '--output', written, '--force', ...args]);
    assert.equal(describing(fleet(1200)).status, 0);
    assert.doesNotMatch(run(['compat', written, same, '--json']).stderr, /at most|more than/u);
    const refused = describing(fleet(5000));
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /^vstate-check: 5000 devices make a file that compat would not/u);
    assert.match(refused.stderr, /\(--json writes JSON[^\n]+\n$/u);
    assert.equal(describing(fleet(5000), '--json').status, 0);
    assert.doesNotMatch(run(['compat', written, same, '--json']).stderr, /at most|more than/u);
  });

  it('answers for the devices that can be read, and says which cannot', () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'descriptor: 1\ndevices: [{ name: a, format: mtty }, { nome: b }]\n');
    const inputs = [same, bad, join(folder, 'none'), folder];
    const { stdout, stderr, status } = run(['compat', state, ...inputs]);
    assert.equal(status, 2);
    assert.match(stdout, /^yes /mu);
    assert.match(stdout, /^ask .*→ a$/mu);
    assert.match(stderr, /bad\.yaml: devices\.1\.name: /u);
    assert.equal(stderr.trimEnd().split('\n').length, 3);
    const unread = run(['compat', state, same, join(folder, 'none'), '--json']);
    assert.equal(unread.status, 3);
    const document = JSON.parse(unread.stdout) as { rows: unknown[]; unread: string[] };
    assert.equal(document.rows.length, 1);
    assert.match(document.unread.join(), /none: no such file/u);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)'])('writes %s so that it is no formula', (name) => {
    const fleet = join(folder, 'fleet.json');
    writeFileSync(fleet, JSON.stringify({ descriptor: 1, devices: [{ name, format: 'mtty' }] }));
    const { stdout } = run(['compat', fleet, fleet, '--both', '--csv']);
    const [, forward = '', back = ''] = stdout.split('\n');
    assert.match(forward, /^forward,/u);
    assert.match(back, /^back,/u);
    for (const line of [forward, back]) assert.equal(line.split(',')[1], `'${name}`);
  });
});

describe('compat --early', () => {
  const early = (input: string, destination: string, bytes?: Uint8Array) => {
    const args = ['compat', input, destination, '--early', '--json'];
    const { stdout, status } = run(args, bytes === undefined ? {} : { input: bytes });
    const { early: said } = JSON.parse(stdout) as { readonly early: Record<string, unknown> };
    return { ...said, status };
  };

  it('is certain with the last byte of the field that differs, and not before', () => {
    const certain = { certain: true, after: 20, read: 96, ended: false };
    assert.deepEqual(early(state, other), { verdict: 'incompatible', ...certain, status: 1 });
    const cut = readFileSync(state).subarray(0, 19);
    assert.notEqual(early('-', other, cut).status, 1);
    assert.deepEqual(early('-', other, readFileSync(state).subarray(0, 20)), {
      verdict: 'incompatible',
      ...certain,
      read: 20,
      status: 1,
    });
  });

  it('needs the end of a state whose records may say more', () => {
    const { ended, status } = early('corpus/mlx5/one-image.bin', 'corpus/mlx5/one-image.bin') as {
      readonly ended?: unknown;
      readonly status: number | null;
    };
    assert.deepEqual({ ended, status }, { ended: true, status: 3 });
  });

  it('does not wait for the end of a pipe', async () => {
    const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
    const child = spawn(process.execPath, [cli, 'compat', '-', other, '--early'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.on('error', () => undefined);
    // The pipe stays open: a program that waited for its end would never exit.
    child.stdin.write(readFileSync(state));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    child.stdin.destroy();
    assert.equal(code, 1);
  });

  it('refuses what is no stream', () => {
    assert.equal(run(['compat', same, same, '--early']).status, 2);
    assert.equal(run(['compat', state, same, '--early', '--both']).status, 2);
  });
});

describe.skipIf(lacks('gcc'))('a running vfio-user server', () => {
  let server: ChildProcess | undefined;
  let socket = '';
  beforeAll(async () => {
    const source = join(import.meta.dirname, '..', 'targets', 'vfio_user_server.c');
    const program = compile([source], join(folder, 'server'));
    socket = join(folder, 'sock');
    server = spawn(program, [socket], { stdio: 'ignore' });
    while (!existsSync(socket)) await sleep(5);
  });
  afterAll(() => {
    server?.kill('SIGKILL');
  });

  it('is described and compared by what it says of its regions', () => {
    const { stdout, status } = run(['describe', `vfio-user:${socket}`]);
    assert.equal(status, 0);
    assert.match(stdout, /regions: 0:0x40\n/u);
    assert.match(stdout, /device_flags: "?0x1"?\n/u);
    const described = join(folder, 'server.yaml');
    writeFileSync(described, stdout);
    // The regions agree, but no version says that the two programs read the same state.
    const alike = run(['compat', described, `vfio-user:${socket}`]);
    assert.equal(alike.status, 3);
    assert.match(alike.stdout, /migration-version is not known on either side/u);
    assert.match(alike.stdout, /to ask: /u);
    writeFileSync(described, stdout.replace('0:0x40', '0:0x80'));
    const wrong = run(['compat', described, `vfio-user:${socket}`]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /regions is 0:0x80 at the source and 0:0x40 at the destination/u);
  });

  it('says in a line that no server is there', () => {
    const { stderr, status } = run(['describe', `vfio-user:${join(folder, 'nobody')}`]);
    assert.equal(status, 3);
    assert.match(stderr, /does not say which device it has/u);
  });
});
