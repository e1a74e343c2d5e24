import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { formats } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { harnessSkeleton } from '../../src/report/harness-skeleton.ts';
import { wholeRestore } from '../../src/targets/target.ts';
import { lacks, opened } from '../targets/compile.ts';

const root = path.join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'vstate-skeleton-'));
afterAll(() => rmSync(folder, { recursive: true }));

const yaml = (name: string): string =>
  readFileSync(path.join(root, 'test', 'formatfile', name), 'utf8');
const hostile = `format: evil
title: 'a */ int x; /* "b\\\\'
layout:
  fields:
    int: { type: u8, count-of: while, doc: '*/ #include "/etc/passwd" /*' }
    while: { array: int, of: u8 }
`;
const all = [
  ...formats,
  parseFormatFile(yaml('invented.yaml'), 'invented.yaml'),
  parseFormatFile(yaml('every-layout.yaml'), 'every-layout.yaml'),
  parseFormatFile(hostile, 'hostile.yaml'),
];

describe('the skeleton of a harness', () => {
  const files = all.map(({ id }) => path.join(folder, 'skeletons', `${id}.c`));
  beforeAll(() => {
    mkdirSync(path.join(folder, 'skeletons'));
    for (const [index, format] of all.entries()) {
      writeFileSync(files[index]!, harnessSkeleton(format));
    }
  });

  it.each(['gcc', 'clang'] as const)('compiles for every format with %s', (compiler) => {
    if (lacks(compiler)) return;
    const { status, stderr } = spawnSync(
      compiler,
      [
        ...['-fsyntax-only', '-std=c11', '-Wall', '-Wextra', '-Werror'],
        ...[`-I${path.join(root, 'native')}`, ...files],
      ],
      { encoding: 'utf8' },
    );
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  it.skipIf(lacks('gcc')).each(['mtty', 'qat', 'virtio', 'mlx5'])(
    'takes the sample of %s, and not its first twenty bytes',
    async (id) => {
      const format = formats.find((one) => one.id === id)!;
      const program = path.join(folder, id);
      const { status, stderr } = spawnSync(
        'gcc',
        [
          ...['-std=c11', `-I${path.join(root, 'native')}`, '-o', program],
          ...[path.join(folder, 'skeletons', `${id}.c`)],
          path.join(root, 'native', 'vstate_harness.c'),
        ],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
      const { bytes } = build(format.layout, format.sample);
      await using target = await opened(program);
      const results = await target.run(
        [bytes, bytes.subarray(0, 20)].map((base) => ({
          inputs: [{ base, splices: [] }],
          steps: wholeRestore(base.length),
          onRefusal: 'stop',
        })),
        new AbortController().signal,
      );
      assert.deepEqual(
        results.map(({ outcome }) => outcome.kind),
        ['accepted', 'rejected'],
      );
    },
  );
});
