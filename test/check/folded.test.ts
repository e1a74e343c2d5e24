import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { seekable } from '../../src/states/open.ts';
import { header, start, u64 } from '../hostile/streams.ts';
import { canRun } from '../programs.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'vstate-folded-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const { writeMappedRam } = (await import(join(root, 'bench', 'streams.mjs'))) as {
  readonly writeMappedRam: (path: string, size: number) => unknown;
};
const mapped = (size: number): Uint8Array => {
  const path = join(folder, 'mapped');
  writeMappedRam(path, size);
  return new Uint8Array(readFileSync(path));
};

/** A RAM section whose one block is 1 MiB, and what stands behind its list. */
const ram = (records: Uint8Array): Buffer => {
  const name = Buffer.concat([Buffer.of(6), Buffer.from('pc.ram')]);
  return Buffer.concat([
    header,
    start(1, 'ram', Buffer.concat([u64(0x10_0004n), name, u64(0x10_0000n), records])),
  ]);
};

const zstd = (plain: Uint8Array): Uint8Array =>
  spawnSync('zstd', ['-cq'], { input: plain, maxBuffer: 1 << 30 }).stdout;
const foldings = [
  ['gzip', (plain: Uint8Array) => gzipSync(plain, { level: 1 }), true],
  ['zstd', zstd, canRun('zstd')],
] as const;

/** More than unknown bytes may unfold to. */
const size = 18 << 20;

describe.each(foldings)('memory that was never written, folded by %s', (name, fold, there) => {
  const its = it.skipIf(!there);

  its('unfolds where the stream says that it is memory', async () => {
    const plain = mapped(size);
    const { container, bytes, findings } = await check(memorySource('x', fold(plain)));
    assert.equal(container, `${name}+qemu`);
    assert.equal(bytes, plain.length);
    assert.deepEqual(findings, (await check(memorySource('x', plain))).findings);
    const opened = await seekable(memorySource('x', fold(plain)));
    assert.equal(opened.size, plain.length);
    opened.close();
  });

  its('is given up where it says nothing of the kind', async () => {
    for (const plain of [
      Buffer.concat([header, Buffer.alloc(size)]),
      ram(Buffer.alloc(size)),
      Buffer.concat([header, start(7, '0000:00:04.0/vfio', Buffer.alloc(size))]),
    ]) {
      const packed = fold(plain);
      const given = /unfolds to more than (\d+) bytes from \d+ bytes of/u;
      const error: unknown = await check(memorySource('x', packed)).catch((e: unknown) => e);
      assert.ok(error instanceof Error);
      const most = Number(given.exec(error.message)?.[1]);
      assert.ok(most < 16 << 20, error.message);
    }
    const packed = fold(ram(Buffer.alloc(size)));
    await assert.rejects(seekable(memorySource('x', packed)), /unfolds to more than/u);
  });
});
