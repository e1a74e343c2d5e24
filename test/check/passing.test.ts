import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { memorySource, openSource, type Source } from '../../src/bytes/source.ts';
import { check, type CheckedInput } from '../../src/check/check.ts';
import { Examination } from '../../src/check/examine.ts';
import { digesting } from '../../src/cli/outputs.ts';
import { detectContainer, detectionHead } from '../../src/container/detect.ts';

const root = join(import.meta.dirname, '..', '..');
const corpus = join(root, 'corpus');
const folder = mkdtempSync(join(tmpdir(), 'vstate-passing-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Write = (
  path: string,
  size: number,
) => { readonly bytes: number; readonly channels?: readonly string[] };
const { writeMappedRam, writeMultifd } = (await import(join(root, 'bench', 'streams.mjs'))) as {
  readonly writeMappedRam: Write;
  readonly writeMultifd: Write;
};

/** All that an examination tells of bytes that come in pieces; `over` leaves out what it lets one. */
const told = async (
  bytes: Uint8Array,
  over: boolean,
): Promise<{ readonly told: unknown; readonly passed: number }> => {
  const all: unknown[] = [];
  const { readAt, size } = memorySource('input', bytes);
  const examination = new Examination(
    detectContainer(bytes.subarray(0, detectionHead)),
    {
      event: (event) => all.push(event),
      unit: ({ root: { name, start, length } }) => all.push({ name, start, length }),
      state: ({ bytes: length, format }) => all.push({ length, format }),
      end: (end) => all.push(end),
    },
    { digest: true },
    { readAt, size },
  );
  await examination.begin();
  const pieces = [1, 61, 4096, 700];
  let passed = 0;
  for (let at = 0, round = 0; at < bytes.length; round += 1) {
    const passing = over ? Math.min(examination.passing(), bytes.length - at) : 0;
    if (passing > 0) {
      examination.passOver(passing);
      passed += passing;
      at += passing;
    }
    const piece = bytes.slice(at, at + pieces[round % pieces.length]!);
    examination.push(piece);
    at += piece.length;
  }
  all.push(examination.end({ damage: undefined, expired: false }));
  return { told: all, passed };
};

/** The same input, all of which is read. */
const unskipped = (source: Source): Source => ({
  ...source,
  *blocks() {
    const blocks = source.blocks();
    assert.ok(!(Symbol.asyncIterator in blocks));
    yield* blocks;
  },
});

/** The same input, and how many of its bytes were read. */
const counted = (source: Source): { readonly source: Source; readonly read: () => number } => {
  let read = 0;
  return {
    read: () => read,
    source: {
      ...source,
      blocks() {
        const blocks = source.blocks();
        assert.ok(!(Symbol.asyncIterator in blocks));
        const { passOver } = blocks;
        assert.ok(passOver !== undefined);
        return {
          passOver,
          *[Symbol.iterator]() {
            for (const block of blocks) {
              read += block.length;
              yield block;
            }
          },
        };
      },
    },
  };
};

/** A check of files by their names, which reads all of them or what it needs. */
const checked = async (
  file: string,
  channels: readonly string[],
  as: (source: Source) => Source,
): Promise<CheckedInput> => {
  const open = [file, ...channels].map(openSource);
  try {
    const [main, ...beside] = open.map(as);
    return await check(main!, { channels: beside });
  } finally {
    for (const source of open) source.close();
  }
};

const same = async (file: string, channels: readonly string[] = []): Promise<void> => {
  assert.deepEqual(
    await checked(file, channels, (source) => source),
    await checked(file, channels, unskipped),
  );
};

describe('bytes that nobody looks at', () => {
  it('may be left out of every stream of the corpus, wherever the walker says so', async () => {
    let left = 0;
    for (const entry of readdirSync(corpus, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.bin')) continue;
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      const over = await told(bytes, true);
      left += over.passed;
      assert.deepEqual(over.told, (await told(bytes, false)).told, entry.name);
    }
    assert.ok(left > 0);
  });

  it('are not read of a mapped-ram file, which may end anywhere or be damaged', async () => {
    const file = join(folder, 'mapped');
    const { bytes } = writeMappedRam(file, 4 << 20);
    const { source, read } = counted(openSource(file));
    const { findings, bytes: length } = await check(source);
    source.close();
    assert.deepEqual([findings, length], [[], bytes]);
    assert.ok(read() < bytes / 2, `${read()} of ${bytes}`);
    await same(file);
    const whole = readFileSync(file);
    for (let at = 0; at < 300; at += 23) {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 1 << (at & 7);
      writeFileSync(file, damaged);
      await same(file);
    }
    writeFileSync(file, whole);
    for (const cut of [bytes - 1, bytes - 900, 3 << 20, (1 << 20) + 1, 1 << 20, 9000, 150]) {
      truncateSync(file, cut);
      await same(file);
    }
  });

  it('are not read of side channels, which may end anywhere or be damaged', async () => {
    const file = join(folder, 'main');
    const { channels = [] } = writeMultifd(file, 16 << 20);
    const [first = ''] = channels;
    const { source, read } = counted(openSource(first));
    const { bytes } = await check(source);
    source.close();
    assert.ok(read() < bytes / 2, `${read()} of ${bytes}`);
    await same(file, channels);
    const whole = readFileSync(first);
    for (const at of [3, 65, 70, 84, 90, 400, 1 << 20, 2 << 20]) {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 1 << (at & 7);
      writeFileSync(first, damaged);
      await same(file, channels);
    }
    writeFileSync(first, whole);
    for (const cut of [bytes - 1, 3 << 20, 1 << 20, 64 + 1344 + 512, 70]) {
      truncateSync(first, cut);
      await same(file, channels);
    }
  });

  it('are read where the digest of the whole input is wanted', async () => {
    const file = join(folder, 'digested');
    writeMappedRam(file, 2 << 20);
    const opened = openSource(file);
    const { source, sha256 } = digesting(opened);
    await check(source);
    opened.close();
    assert.equal(sha256(), createHash('sha256').update(readFileSync(file)).digest('hex'));
  });
});
