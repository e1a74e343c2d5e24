import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { UndoneError } from '../../src/cli/exit.ts';
import { baselineFrom, writeBaseline } from '../../src/cli/outputs.ts';
import { cli, root, run } from './run.ts';

const bad = 'corpus/mtty/head-past-fifo.bin';
const good = 'corpus/mtty/two-ports.bin';

describe('--output', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-outputs-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const at = (name: string): string => join(folder, name);

  it('writes several reports in one run, and the exit code is that of the findings', () => {
    const kinds = ['json', 'sarif', 'junit', 'markdown', 'github', 'gitlab', 'html'];
    const outputs = kinds.flatMap((kind) => ['--output', `${kind}=${at(kind)}`]);
    const ran = run([bad, good, ...outputs]);
    assert.equal(ran.status, 1);
    assert.match(ran.stdout, /index-out-of-bounds/u);
    for (const kind of kinds) {
      assert.match(readFileSync(at(kind), 'utf8'), /index-out-of-bounds/u, kind);
    }
    assert.match(readFileSync(at('sarif.dumps/001-head-past-fifo.bin.txt'), 'utf8'), /head +18/u);
    assert.equal(run([good, ...outputs]).status, 0);
  });

  it('puts one report on standard output, alone', () => {
    const ran = run([bad, '--output', 'github']);
    assert.match(ran.stdout, /^::error file=[^\n]+\n$/u);
  });

  it.each([
    [['--output', 'pdf=x'], 'there is no output "pdf"'],
    [['--json', '--output', 'github'], 'json and github cannot both go to standard output'],
    [['--baseline', '/no/such/file'], '/no/such/file: no such file'],
  ])('says in one line what is wrong with %s', (flags, told) => {
    const { status, stderr, stdout } = run([bad, ...flags]);
    assert.ok(status === 2 || status === 3);
    assert.ok(stderr.startsWith(`vstate-check: ${told}`), stderr);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
    assert.equal(stdout, '');
  });

  it.skipIf(process.platform === 'win32')(
    'writes into a pipe that has a name, and leaves it there',
    () => {
      // In the place of a device, /dev/null say, a file would break the machine.
      const script = [
        'mkfifo "$1" && cat "$1" > "$2" &',
        'while [ ! -p "$1" ]; do sleep 0.01; done',
        'shift 2 && "$@"; wait',
      ].join('\n');
      const command = [process.execPath, cli, bad, '--output', `json=${at('fifo')}`];
      const into = [at('fifo'), at('through'), ...command];
      const ran = spawnSync('sh', ['-c', script, 'sh', ...into], { cwd: root, encoding: 'utf8' });
      assert.equal(ran.stderr, '');
      assert.ok(statSync(at('fifo')).isFIFO());
      assert.match(readFileSync(at('through'), 'utf8'), /"rule": "index-out-of-bounds"/u);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.endsWith('.tmp')),
        [],
      );
    },
  );

  it('says so when a report cannot be written', () => {
    const { status, stderr } = run([bad, '--output', `html=${at('none/report.html')}`]);
    assert.equal(status, 3);
    assert.match(stderr, /report\.html: no such file/u);
  });

  it('writes reports for whom the umask lets read, and states for their owner', () => {
    const own = mkdtempSync(join(folder, 'umask-'));
    const under = (...args: readonly string[]): void => {
      const shell = ['-c', 'umask 027 && exec "$@"', 'sh', process.execPath, cli, ...args];
      const { status, stderr } = spawnSync('sh', shell, { cwd: own, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    };
    const state = join(root, good);
    under(state, '--output', 'sarif=a.sarif', '--write-baseline', 'baseline.json');
    under('keygen', 'site');
    under('attest', state, '--key', 'site.key', '-o', 'attestation.json');
    under('report', 'attestation.json', '--output', 'html=audit.html');
    under('extract', state, '--out', 'states');
    under('seal', state, '--key', 'site.key', '--for', 'type=mtty', '-o', 'state.sealed');
    const modeOf = (name: string): number => statSync(join(own, name)).mode & 0o777;
    const reports = ['a.sarif', 'a.sarif.dumps/001-two-ports.bin.txt', 'baseline.json'];
    for (const name of [...reports, 'attestation.json', 'audit.html', 'site.pub']) {
      assert.equal(modeOf(name), 0o640, name);
    }
    const [extracted = ''] = readdirSync(join(own, 'states'));
    for (const name of ['site.key', 'state.sealed', `states/${extracted}`]) {
      assert.equal(modeOf(name), 0o600, name);
    }
  });

  it('lets known findings pass, and fails for new ones', () => {
    assert.equal(run([bad, '--write-baseline', at('baseline.json')]).status, 1);
    const again = run([bad, '--baseline', at('baseline.json')]);
    assert.equal(again.status, 0);
    assert.match(again.stdout, /1 known or suppressed/u);
    assert.equal(
      run(['corpus/mtty/tail-past-fifo.bin', '--baseline', at('baseline.json')]).status,
      1,
    );
    assert.ok(!existsSync(at('none')));
  });
});

describe('--write-baseline', () => {
  it('writes nothing that --baseline would not read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vstate-baseline-'));
    try {
      const path = join(folder, 'baseline.json');
      const one = {
        path: 'a',
        rule: 'r',
        severity: 'high',
        fingerprint: 'f',
        message: 'm',
      } as const;
      const write = (count: number): void =>
        writeBaseline(path, { version: 1, findings: Array.from({ length: count }, () => one) });
      assert.throws(
        () => write(200_000),
        (error) =>
          error instanceof UndoneError &&
          /^[^\n]*not written[^\n]*200000 findings and has more than 1048576 values/u.test(
            error.message,
          ),
      );
      assert.ok(!existsSync(path));
      write(150_000);
      assert.equal(baselineFrom(path).findings.length, 150_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
