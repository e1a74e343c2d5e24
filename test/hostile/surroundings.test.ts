import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { cli } from './measured.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const good = join(corpus, 'mtty', 'mtty1-fresh.bin');
const stream = join(corpus, 'qemu', 'pc-mtty1.bin');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-around-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell script in which `"$@"` is the program. */
const shell = (script: string, env: NodeJS.ProcessEnv = {}): Ran => {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, cli], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, good, stream, ...env },
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
};

const oneLine = ({ stderr }: Ran, about: RegExp): void => {
  assert.match(stderr, about);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.doesNotMatch(stderr, /\bat .*:\d+/u);
};

describe.skipIf(process.platform === 'win32')('an input', () => {
  it('that is empty has that for a finding', () => {
    writeFileSync(join(folder, 'empty'), '');
    for (const script of ['"$@" empty', '"$@" /dev/null', ': | "$@" -', '"$@" - </dev/null']) {
      const ran = shell(script);
      assert.equal(ran.status, 1, script);
      assert.match(ran.stdout, /state-empty/u);
      assert.equal(ran.stderr, '');
    }
  });

  it('that is a closed standard input is not waited for', () => {
    const ran = shell('exec "$@" - <&-');
    assert.ok(ran.status === 1 || ran.status === 3, `exit ${ran.status}`);
    assert.doesNotMatch(ran.stderr, /\n.*\n/u);
  });

  it('that is a FIFO is read as it comes', () => {
    const script = 'mkfifo fifo; (head -c 20 "$good"; sleep 0.2; tail -c +21 "$good") >fifo & ';
    const ran = shell(`${script} "$@" fifo`);
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /state: mtty, 60 bytes/u);
  });

  it('that comes through a pipe in small writes is the same input', () => {
    const ran = shell('(head -c 7 "$good"; sleep 0.1; tail -c +8 "$good") | "$@" -');
    assert.equal(ran.status, 0, ran.stdout);
    assert.match(ran.stdout, /state: mtty, 60 bytes/u);
    const slow =
      '(head -c 3 "$stream"; sleep 0.1; tail -c +4 "$stream" | head -c 5000; sleep 0.1; tail -c +5004 "$stream")';
    const piped = shell(`${slow} | "$@" - --json`);
    const whole = shell('"$@" --json <"$stream" -');
    assert.equal(piped.stdout, whole.stdout);
  });

  it('that cannot be read is named with the reason', () => {
    symlinkSync('nowhere', join(folder, 'dangling'));
    symlinkSync('loop', join(folder, 'loop'));
    for (const [name, reason] of [
      ['missing', /missing: no such file/u],
      ['dangling', /dangling: no such file/u],
      ['loop', /loop: too many symbolic links/u],
      ['empty/below', /empty\/below: a part of the path is not a directory/u],
    ] as const) {
      const ran = shell(`"$@" ${name}`);
      assert.equal(ran.status, 3, name);
      oneLine(ran, reason);
    }
  });

  // The superuser may read everything; for it the medium that fails, below, is the test.
  if (process.getuid?.() !== 0) {
    it('that may not be read is named with the reason', () => {
      copyFileSync(good, join(folder, 'secret'));
      chmodSync(join(folder, 'secret'), 0);
      const ran = shell('"$@" secret');
      assert.equal(ran.status, 3);
      oneLine(ran, /secret: permission denied/u);
    });
  }

  it.skipIf(process.platform !== 'linux')(
    'that fails while it is read is named with the reason',
    () => {
      const ran = shell('"$@" /proc/self/mem');
      assert.equal(ran.status, 3);
      oneLine(ran, /\/proc\/self\/mem: /u);
    },
  );

  it('that is a directory without files is named', () => {
    mkdirSync(join(folder, 'bare'));
    const ran = shell('"$@" bare');
    assert.equal(ran.status, 3);
    oneLine(ran, /bare: no file to check/u);
  });

  it('whose name has control characters is shown without them', () => {
    const name = 'a\u001b[31mb\u0007\nc\u202ed\u009be.bin';
    copyFileSync(good, join(folder, name));
    for (const args of ['', '--json', '--verbose']) {
      for (const input of [name, `no-${name}`]) {
        const ran = shell(`"$@" ${args} "$input"`, { input });
        const shown = ran.stdout + ran.stderr;
        assert.ok(!/[\u001b\u0007\u009b\u202e]/u.test(shown), JSON.stringify(shown));
      }
    }
    const inspected = shell('"$@" inspect "$input" nowhere-"$input"', { input: name });
    assert.ok(!/[\u001b\u0007\u009b\u202e]/u.test(inspected.stdout + inspected.stderr));
    const field = shell('"$@" inspect --field "$input" "$input"', { input: name });
    assert.ok(!/[\u001b\u0007\u009b\u202e]/u.test(field.stdout + field.stderr));
  });
});

describe.skipIf(process.platform === 'win32')('the command line', () => {
  it.each([
    '"$@" --no-such-flag',
    '"$@" "$good" --format nothing',
    '"$@" "$good" --container nothing',
    '"$@" "$good" --fail-on nothing',
    '"$@" "$good" --time-limit -1',
    '"$@"',
    '"$@" rules show nothing',
    '"$@" formats show nothing',
  ])('explains a mistake in it: %s', (script) => {
    const ran = shell(script);
    assert.equal(ran.status, 2, ran.stdout);
    assert.notEqual(ran.stderr, '');
    assert.doesNotMatch(ran.stderr, /\bat .*:\d+/u);
  });
});

describe.skipIf(process.platform === 'win32')('the output', () => {
  it('has no colours where nobody looks, or where NO_COLOR says so', () => {
    assert.ok(!shell('"$@" "$stream"').stdout.includes('\u001b'));
    assert.ok(
      !shell('"$@" "$stream"', { NO_COLOR: '1', FORCE_COLOR: '1' }).stdout.includes('\u001b'),
    );
    assert.ok(shell('"$@" "$stream"', { FORCE_COLOR: '1' }).stdout.includes('\u001b'));
    assert.ok(!shell('TERM=dumb "$@" "$stream"').stdout.includes('\u001b'));
  });

  it('may be closed by its reader, and the exit code still is the verdict', () => {
    for (const script of ['check "$good"', '--json "$stream"', 'inspect "$stream"', 'rules']) {
      const ran = shell(`{ "$@" ${script}; echo "$?" >code; } | head -1 >/dev/null; cat code`);
      assert.equal(ran.stdout, '0\n', script);
      assert.equal(ran.stderr, '', script);
    }
  });
});

describe.skipIf(process.platform === 'win32')('an interrupt', () => {
  it('ends a check at once, as the shell expects it', async () => {
    const zeros = spawn('cat', ['/dev/zero'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const child = spawn(process.execPath, [cli, '-'], { stdio: [zeros.stdout, 'pipe', 'pipe'] });
      const ended = endOf(child);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const asked = performance.now();
      child.kill('SIGINT');
      const { status, signal, text } = await ended;
      assert.ok(signal === 'SIGINT' || status === 130, `exit ${status}, signal ${signal}`);
      assert.equal(text, '');
      assert.ok(performance.now() - asked < 2000);
    } finally {
      zeros.kill();
    }
  });
});

interface End {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What was written to either output. */
  readonly text: string;
}

const endOf = async (child: ChildProcess): Promise<End> => {
  let text = '';
  child.stdout?.on('data', (part) => (text += String(part)));
  child.stderr?.on('data', (part) => (text += String(part)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, text }));
  });
};
