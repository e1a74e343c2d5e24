import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, it } from 'vitest';

const script = path.join(import.meta.dirname, '..', '..', 'scripts', 'bring.sh');

/** The places where the script's own tools are found, whatever the machine calls its folders. */
function found(program: string): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return stdout.trim();
}

const bring = (
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
  spawnSync(found('bash'), [script, ...words], { encoding: 'utf8', env });

describe.skipIf(process.platform !== 'linux')('what the tests need beyond Node', () => {
  it('says of a group that it does not know which there are', () => {
    const { status, stderr } = bring(['compilors']);
    assert.equal(status, 2);
    assert.match(stderr, /compilors.*compressors compilers qemu browser/);
  });

  it('names each part that is missing, with the package that brings it, and fails', () => {
    const bare = mkdtempSync(path.join(tmpdir(), 'vstate-bring-'));
    try {
      for (const tool of ['awk', 'bash', 'cat', 'env', 'grep', 'id', 'uname']) {
        symlinkSync(found(tool), path.join(bare, tool));
      }
      const { status, stderr } = bring(['--check', 'compressors'], { PATH: bare });
      assert.equal(status, 1);
      assert.deepEqual(stderr.trim().split('\n'), [
        'missing: zstd (group compressors, package zstd)',
        'missing: xz (group compressors, package xz-utils)',
        'missing: bzip2 (group compressors, package bzip2)',
        'missing: lzop (group compressors, package lzop)',
      ]);
    } finally {
      rmSync(bare, { recursive: true });
    }
  });

  it.skipIf(process.env.CI === undefined)('is there wherever all tests must run', () => {
    const { status, stderr } = bring(['--check']);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });
});
