import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { catalogueWith } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';

const path = join(import.meta.dirname, 'invented.yaml');
const text = readFileSync(path, 'utf8');
const catalogue = catalogueWith([parseFormatFile(text, path)]);

/** The streams are written by hand here, not from the format file, so that it cannot agree with itself. */
const state = (
  changed: {
    readonly version?: number;
    readonly head?: number;
    readonly current?: number;
    readonly sum?: number;
    readonly clock?: boolean;
  } = {},
): Uint8Array => {
  const { version = 2, head = 3, current = 1, sum = 0, clock = version >= 2 } = changed;
  const section = (kind: number, body: Buffer): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt16LE(kind, 0);
    header.writeUInt32LE(body.length, 4);
    return Buffer.concat([header, body]);
  };
  const surfaces = Buffer.alloc(24);
  surfaces.writeBigUInt64LE(0x1_0000_0000n, 0);
  surfaces.writeBigUInt64LE(0x1_0001_0000n, 12);
  const queue = Buffer.alloc(36);
  queue.writeUInt16LE(head, 0);
  queue.writeUInt16LE(2, 2);
  const group = Buffer.from([2, current, 1, 0, 2, 0]);
  const sections = Buffer.concat([section(1, surfaces), section(2, queue), section(3, group)]);
  const header = Buffer.alloc(16);
  header.write('LNTR', 0, 'latin1');
  header.writeUInt16LE(version, 4);
  header.writeUInt16LE(3, 6);
  header.writeUInt32LE(0x42, 8);
  header.writeUInt32LE((crc32(sections) ^ sum) >>> 0, 12);
  return Buffer.concat([header, sections, Buffer.alloc(clock ? 12 : 0)]);
};

const rulesOf = async (
  bytes: Uint8Array,
  expect: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> => {
  const { findings, devices } = await check(memorySource('state', bytes), { ...catalogue, expect });
  assert.deepEqual(
    devices.map(({ format }) => format),
    ['lantern'],
  );
  return [...new Set(findings.map(({ rule }) => rule))].sort();
};

describe('a format file for an invented device', () => {
  it('is written in under 60 lines', () => {
    assert.ok(text.trimEnd().split('\n').length < 60);
  });

  it.each([
    ['a sound state', state(), []],
    ['a sound state of the version without a clock', state({ version: 1 }), []],
    ['a damaged checksum', state({ sum: 1 }), ['checksum-mismatch']],
    ['a wrong version', state({ version: 9, clock: false }), ['version-unsupported']],
    [
      'a clock that the version does not have',
      state({ version: 1, clock: true }),
      ['trailing-bytes'],
    ],
    ['an index out of range', state({ head: 8 }), ['index-out-of-bounds']],
    ['an index past a count', state({ current: 2 }), ['lantern-current-past-members']],
  ] as const)('judges %s', async (_what, bytes, rules) => {
    assert.deepEqual(await rulesOf(bytes), [...rules]);
  });

  it('answers expectations', async () => {
    assert.deepEqual(await rulesOf(state(), { serial: '0x42' }), []);
    assert.notDeepEqual(
      await rulesOf(state(), { 'section[0].body[0].pitch': '1', version: '1' }),
      [],
    );
  });

  it('is told by a damaged magic', async () => {
    const bytes = state();
    bytes[1] = 0x58;
    assert.deepEqual(await rulesOf(bytes), ['magic-mismatch']);
  });
});
