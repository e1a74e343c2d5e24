import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, it } from 'vitest';

import { temporary } from '../fuzz/run-campaign.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'dist', 'cli.js');
const target = `module:${join(root, 'native', 'example_serial.mjs')}`;
const seed = join(root, 'corpus', 'mtty', 'mtty1-fifo3-loop.bin');

const run = (
  ...args: readonly string[]
): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 100_000 });

const fuzz = (out: string, ...more: readonly string[]): readonly string[] => [
  'fuzz',
  ...[
    '--target',
    target,
    '--format',
    'mtty',
    '--seeds',
    seed,
    '--seed',
    '3',
    '--out',
    out,
    ...more,
  ],
];

const findings = (out: string): readonly string[] => readdirSync(join(out, 'findings')).sort();

describe('vstate-check fuzz', () => {
  it('finds the mistakes of the example, and its findings are run again, made small and bisected', () => {
    using folder = temporary();
    const out = join(folder.path, 'campaign');
    const ran = run(...fuzz(out, '--executions', '700', '--json'));
    assert.equal(ran.status, 1, ran.stderr);
    const document = JSON.parse(ran.stdout) as {
      findings: { id: string; oracle: string; rows: unknown[] }[];
    };
    const crash = document.findings.find(({ oracle }) => oracle === 'restore-crashed');
    assert.ok(crash !== undefined && crash.rows.length <= 2);
    const path = join(out, 'findings', crash.id);

    const again = run('replay', path, '--runs', '3');
    assert.equal(again.status, 1, again.stderr);
    assert.match(again.stdout, /restore-crashed: shown in 3 of 3 runs/u);
    assert.equal(run('minimise', path).status, 1);

    const sound = join(folder.path, 'sound.mjs');
    writeFileSync(sound, 'export const restore = () => true;\n');
    const builds = [`module:${sound}`, `module:${join(folder.path, 'none.mjs')}`, target, target];
    const found = run('bisect', path, ...builds, '--json');
    assert.equal(found.status, 1, found.stderr);
    const { first, last } = JSON.parse(found.stdout) as { first: string; last: string };
    assert.deepEqual([first, last], [target, builds[0]]);

    const script = spawnSync('sh', [join(path, 'reproduce.sh'), join(folder.path, 'state.bin')]);
    assert.equal(script.status, 0);
    assert.deepEqual(
      readFileSync(join(folder.path, 'state.bin')),
      readFileSync(join(path, 'minimal.bin')),
    );
  });

  it('reads no dictionary and no token without an end', () => {
    using folder = temporary();
    const out = join(folder.path, 'campaign');
    const served = ['--serve', '127.0.0.1:0', '--serve-token-file', '/dev/zero'];
    for (const flags of [['--dictionary', '/dev/zero'], served]) {
      const { status, stderr } = run(...fuzz(out, '--executions', '1', ...flags));
      assert.equal(status, 2, stderr);
      assert.match(stderr, /^vstate-check: \/dev\/zero: not a file \([^\n]+\)\n$/u);
    }
  });

  it('ends in one line when its workers die again and again', () => {
    using folder = temporary();
    const killer = join(folder.path, 'killer.cjs');
    writeFileSync(
      killer,
      'const send = process.send?.bind(process);\n' +
        "if (process.argv[2] === 'fuzz-worker') process.send = (message, ...rest) =>\n" +
        "  message.kind === 'report' ? process.kill(process.pid, 'SIGKILL') : send(message, ...rest);\n",
    );
    const out = join(folder.path, 'campaign');
    const args = fuzz(out, '--executions', '400', '--workers', '2');
    const { status, stderr } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: `--require ${killer}` },
      timeout: 60_000,
    });
    assert.equal(status, 3, stderr);
    assert.match(
      stderr,
      /^vstate-check: a worker died 17 times without a result between, the last time with SIGKILL; [^\n]+\n$/mu,
    );
    assert.doesNotMatch(stderr, /\n {4}at /u);
  });

  it('loses nothing when it is killed, and goes on to the same end', async () => {
    using folder = temporary();
    const whole = join(folder.path, 'whole');
    const killed = join(folder.path, 'killed');
    const budget = ['--executions', '400', '--workers', '2'];
    const started = performance.now();
    assert.equal(run(...fuzz(whole, ...budget)).status, 1);
    const took = performance.now() - started;
    const lost: string[] = [];
    for (const share of [0.4, 0.7]) {
      const resume = existsSync(join(killed, 'campaign.json')) ? ['--resume'] : [];
      const child = spawn(process.execPath, [cli, ...fuzz(killed, ...budget, ...resume)], {
        stdio: 'ignore',
      });
      const exited = once(child, 'exit');
      await sleep(share * took);
      child.kill('SIGKILL');
      await exited;
      if (!existsSync(join(killed, 'findings'))) continue;
      // What it was writing when it was killed is nothing yet; what it has not looked at has no name.
      const there = findings(killed).filter((name) => !/^new-|\.tmp$/u.test(name));
      for (const id of lost) assert.ok(there.includes(id), `${id} was there before`);
      lost.push(...there);
    }
    const resume = existsSync(join(killed, 'campaign.json')) ? ['--resume'] : [];
    // A kill may have left such things, or not; these are there in every run.
    mkdirSync(join(killed, 'findings', 'new-1-1.0123abcd.tmp', 'seeds'), { recursive: true });
    writeFileSync(join(killed, '.state.json.0123abcd.tmp'), '{');
    const end = run(...fuzz(killed, ...budget, ...resume));
    assert.equal(end.status, 1, end.stderr);
    assert.deepEqual(findings(killed), findings(whole));
    const left = readdirSync(killed, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      left.filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('ends with a word when nothing more can be written, and goes on when there is room', () => {
    using folder = temporary();
    const budget = ['--executions', '60'];
    const proc = run(...fuzz('/proc/campaign', ...budget));
    assert.equal(proc.status, 2, proc.stderr);
    const out = join(folder.path, 'campaign');
    const shell = (limit: string, ...words: readonly string[]) =>
      spawnSync('bash', ['-c', `${limit} exec "$0" "$@"`, process.execPath, cli, ...words], {
        encoding: 'utf8',
        timeout: 100_000,
      });
    const full = shell('exec > /dev/full;', ...fuzz(join(folder.path, 'full'), ...budget));
    assert.equal(full.status, 3, full.stderr);
    assert.match(full.stderr, /^vstate-check: standard output takes no more: ENOSPC\n$/u);
    // No file may be longer than 2 KiB, as on a disk that is full.
    const limited = shell("trap '' XFSZ; ulimit -f 2;", ...fuzz(out, ...budget));
    assert.equal(limited.status, 3, limited.stderr);
    assert.match(limited.stderr, /EFBIG.*--resume goes on/u);
    assert.equal(run(...fuzz(out, ...budget, '--resume')).status, 1);
  });

  it('says what is wrong with how it is called', () => {
    using folder = temporary();
    const out = join(folder.path, 'campaign');
    const nowhere = run('fuzz', '--format', 'mtty', '--out', out);
    assert.equal(nowhere.status, 2);
    assert.match(nowhere.stderr, /fuzz needs a target/u);
    const scheme = run('fuzz', '--target', 'telnet:x', '--format', 'mtty', '--out', out);
    assert.equal(scheme.status, 2, scheme.stderr);
    const gone = run(
      'fuzz',
      '--target',
      'module:/none.mjs',
      '--format',
      'mtty',
      '--out',
      `${out}2`,
    );
    assert.equal(gone.status, 3, gone.stderr);
    writeFileSync(join(folder.path, 'file'), '');
    assert.equal(run('replay', join(folder.path, 'file')).status, 2);
  });

  it('takes states from other fuzzers and gives them back, and nothing that is not one', () => {
    using folder = temporary();
    const out = join(folder.path, 'campaign');
    run(...fuzz(out, '--executions', '8'));
    const afl = join(folder.path, 'afl', 'queue');
    mkdirSync(afl, { recursive: true });
    writeFileSync(join(afl, 'id:000000,time:0,orig:a'), readFileSync(seed));
    writeFileSync(join(afl, 'id:000001,src:000000,op:havoc'), 'another\u001b[2Jone');
    symlinkSync('/etc/passwd', join(afl, 'id:000002,src:000001'));
    writeFileSync(join(folder.path, 'afl', 'fuzzer_stats'), 'start_time : 1\n');
    const taken = run('corpus', 'import', out, join(folder.path, 'afl'));
    assert.equal(taken.status, 0, taken.stderr);
    assert.match(taken.stdout, /^1 states added$/mu);
    assert.match(taken.stderr, /passed over 1 links/u);
    const given = join(folder.path, 'libfuzzer');
    assert.equal(run('corpus', 'export', out, '--to', given, '--for', 'libfuzzer').status, 0);
    assert.equal(readdirSync(given).length, 2);
    assert.ok(readdirSync(given).every((name) => /^[0-9a-f]{40}$/u.test(name)));
    assert.match(run('corpus', 'dictionary', 'mtty').stdout, /^"\\x4e\\x2c/mu);
  });
});
