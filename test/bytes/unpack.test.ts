import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { memorySource, type Source } from '../../src/bytes/source.ts';
import { compressionHead, compressionOf, unpackedSource } from '../../src/bytes/unpack.ts';
import { check } from '../../src/check/check.ts';
import { entry } from '../container/walked.ts';
import { canRun } from '../programs.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { run } from '../cli/run.ts';

const compressors = {
  gzip: gzipSync,
  zstd: (plain: Uint8Array) => spawnSync('zstd', ['-cq'], { input: plain }).stdout,
  xz: (plain: Uint8Array) => spawnSync('xz', ['-c'], { input: plain }).stdout,
  bzip2: (plain: Uint8Array) => spawnSync('bzip2', ['-c'], { input: plain }).stdout,
  lzop: (plain: Uint8Array) => spawnSync('lzop', ['-c'], { input: plain }).stdout,
} as const;
type Name = keyof typeof compressors;
const names = Object.keys(compressors) as readonly Name[];

const plainOf = async (source: Source): Promise<Uint8Array> => {
  const blocks: Uint8Array[] = [];
  for await (const block of source.blocks()) blocks.push(Uint8Array.from(block));
  return new Uint8Array(Buffer.concat(blocks));
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-unpack-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A folder with a program of that name, for a search path of its own. */
const stand = (name: string, script: string): string => {
  const path = join(folder, `with-${name}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, name), script);
  chmodSync(join(path, name), 0o755);
  return path;
};

describe.each(names)('an input in %s', (name) => {
  const its = it.skipIf(!canRun(...(name === 'gzip' ? [] : [name])));

  its('is told by its first bytes', () => {
    for (const plain of [mttyState, new Uint8Array(0)]) {
      const head = compressors[name](plain).subarray(0, compressionHead);
      assert.equal(compressionOf(head), name);
    }
  });

  its('unfolds to what was folded, of any size and from any pieces', async () => {
    const stream = entry('pc-mtty1.bin');
    for (const plain of [new Uint8Array(0), mttyState, Buffer.concat(Array(24).fill(stream))]) {
      const packed = compressors[name](plain);
      assert.deepEqual(
        await plainOf(unpackedSource(memorySource('x', packed), name)),
        new Uint8Array(plain),
      );
    }
  });

  its('has the findings of what is in it', async () => {
    const bad = patched(0x30, 0x2c);
    const { container, findings } = await check(memorySource('x', compressors[name](bad)));
    assert.equal(container, `${name}+device-state`);
    assert.deepEqual(findings, (await check(memorySource('x', bad))).findings);
  });

  its('is refused when it is cut, with what came before the cut', async () => {
    const packed = compressors[name](entry('pc-mtty1.bin'));
    const { findings, bytes } = await check(memorySource('x', packed.subarray(0, -9)));
    assert.ok(findings.some(({ rule }) => rule === 'input-damaged'));
    // Whole blocks only come out of the others.
    if (name === 'gzip') assert.ok(bytes > 0);
  });

  its('is given up when it unfolds to too much', async () => {
    const zeros = compressors[name](Buffer.alloc(40 << 20));
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(
      check(memorySource('x', zeros)),
      /unfolds to more than \d+ bytes from \d+ bytes of/u,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 60e6);
  });
});

describe('an input that begins like bzip2 and is none', () => {
  it('is taken for what it is', () => {
    assert.equal(compressionOf(Buffer.from('BZh9 is no magic of a block')), undefined);
  });
});

describe.skipIf(process.platform === 'win32' || !canRun('xz'))('the program that unpacks', () => {
  const packed = (): Uint8Array => compressors.xz(mttyState);

  it('is named when it is missing, and the input is neither sound nor unsound', () => {
    const { status, stdout, stderr } = run(['--json', '-'], {
      input: packed(),
      env: { PATH: folder },
    });
    assert.equal(status, 3);
    assert.equal(
      stderr,
      'vstate-check: -: is xz-compressed, and xz is not installed: ' +
        'install it (Debian: xz-utils), or unpack the input before the check\n',
    );
    const { inputs } = JSON.parse(stdout) as { inputs: readonly { error?: string }[] };
    assert.match(inputs[0]?.error ?? '', /^is xz-compressed, and xz is not installed/u);
  });

  it('is ended when the time is up, whatever it is doing', () => {
    const started = performance.now();
    const path = stand('xz', '#!/bin/sh\necho $$ >"$(dirname "$0")/pid"\nexec sleep 60\n');
    const { status, stdout } = run(['--json', '--time-limit', '0.3', '-'], {
      input: packed(),
      env: { PATH: `${path}:${process.env.PATH}` },
    });
    assert.equal(status, 1);
    assert.match(stdout, /time-limit-exceeded/u);
    assert.ok(performance.now() - started < 30_000);
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('gets no variable of the environment but the search path', () => {
    const path = stand('xz', '#!/bin/sh\nenv >&2\nexit 1\n');
    const { stdout } = run(['--json', '-'], {
      input: packed(),
      env: { PATH: `${path}:${process.env.PATH}`, XZ_OPT: '--keep', SECRET: 'of-the-owner' },
    });
    assert.match(stdout, /is no sound xz: /u);
    assert.doesNotMatch(stdout, /XZ_OPT|of-the-owner/u);
  });

  it('may say anything: its words are escaped', () => {
    const path = stand('xz', "#!/bin/sh\nprintf 'bad \\033[31m news' >&2\nexit 1\n");
    const { stdout } = run(['-'], {
      input: packed(),
      env: { PATH: `${path}:${process.env.PATH}` },
    });
    assert.match(stdout, /bad \\x1b\[31m news/u);
    assert.ok(!stdout.includes('\u001b'));
  });
});
