import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { catalogueWith } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { infer, inferFormat } from '../../src/infer/infer.ts';
import type { Save } from '../../src/infer/saves.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'mtty');
const captures: readonly Save[] = readdirSync(corpus)
  .filter((name) => /^mtty[12]-.*\.bin$/u.test(name))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(corpus, name))) }));

describe('a first draft from captures of mtty', () => {
  const seen = infer(captures);

  it('finds the magic, the count, the stride and the FIFO', () => {
    assert.equal(seen.magic, 8);
    const { slot, base, stride } = seen.count!;
    assert.deepEqual(
      { slot, base, stride },
      { slot: { offset: 16, size: 4, order: 'le' }, base: 24, stride: 36 },
    );
    const { size, buffer, head, tail, count } = seen.ring!;
    assert.deepEqual(
      { size, buffer, head, tail, count },
      { size: 16, buffer: 8, head: 24, tail: 25, count: 26 },
    );
  });

  it('leaves out what does not begin like the others', () => {
    assert.deepEqual(
      seen.leftOut.map(({ name }) => name).sort(),
      captures
        .map(({ name }) => name)
        .filter((name) => name.endsWith('stopcopy-phase.bin'))
        .sort(),
    );
  });

  it('is a format file that explains the captures', async () => {
    const text = inferFormat(captures, 'draft');
    assert.match(text, /^# Magic: the first 8 bytes/mu);
    assert.match(text, /length = 24 \+ n × 36/u);
    const catalogue = catalogueWith([parseFormatFile(text, 'draft.yaml')]);
    for (const { name, bytes } of seen.saves) {
      if (name.endsWith('precopy-phase.bin')) continue; // Its ports follow in another file.
      const { findings, devices } = await check(memorySource(name, bytes), catalogue);
      assert.deepEqual(
        [devices[0]?.format, findings.map(({ message }) => message)],
        ['draft', []],
        name,
      );
    }
  });

  it('is the same each time', () => {
    assert.equal(inferFormat(captures, 'draft'), inferFormat(captures, 'draft'));
  });
});

describe('a first draft', () => {
  it('finds a checksum, a length and a counter', () => {
    const saves = [5, 9, 30, 31].map((length, index) => {
      const body = Buffer.from(Array.from({ length }, (_, at) => (at * 37 + index * 11) & 0xff));
      const header = Buffer.alloc(20);
      header.write('WXYZ', 0, 'latin1');
      header.writeUInt32LE(100 + 7 * index, 4);
      header.writeUInt32LE(length, 8);
      header.writeUInt32LE(crc32(body), 16);
      return { name: `${index}`, bytes: new Uint8Array(Buffer.concat([header, body])) };
    });
    const { magic, counts, sums, counters } = infer(saves);
    assert.equal(magic, 4);
    assert.deepEqual(
      counts.map(({ slot, base, stride }) => [slot.offset, slot.size, base, stride]),
      [[8, 4, 20, 1]],
    );
    assert.deepEqual(sums, [
      { slot: { offset: 16, size: 4, order: 'le' }, algorithm: 'crc32', from: 20, to: 'end' },
    ]);
    assert.ok(counters.some(({ offset }) => offset === 4));
    parseFormatFile(inferFormat(saves, 'draft'), 'draft.yaml');
  });

  it('says little of noise, and soon', () => {
    const noise = (seed: number) =>
      Uint8Array.from(
        { length: 1 << 16 },
        (_, at) => (Math.imul(at + seed, 2654435761) >>> 13) & 0xff,
      );
    const text = inferFormat(
      [1, 2, 3].map((seed) => ({ name: `${seed}`, bytes: noise(seed * 7919) })),
      'noise',
    );
    assert.match(text, /Magic: none/u);
    parseFormatFile(text, 'noise.yaml');
  });
});
