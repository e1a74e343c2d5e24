import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { analyse, type OpaqueSummary } from '../../src/formats/opaque.ts';
import { hex, joined, noise } from '../corpus/edit.ts';

const summaryOf = (bytes: Uint8Array, sizes: readonly number[] = []): OpaqueSummary => {
  const analysis = analyse();
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[turn % sizes.length] ?? 1);
    analysis.add(bytes.subarray(at, at + size));
    at += size;
  }
  return analysis.result();
};

describe('opaque analysis', () => {
  it('gives length and digest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { sha256, bytes: length } = summaryOf(bytes);
        assert.equal(length, bytes.length);
        assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'));
      }),
    );
  });

  it('says the same however the bytes arrive', () => {
    const piece = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 30 }),
      fc.constant(new Uint8Array(9000)),
      fc.constant(hex('80123481 88ffffff'.replace(' ', ''))),
      fc.constant(noise(70_000)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }),
        (pieces, sizes) => {
          const bytes = joined(...pieces);
          assert.deepEqual(summaryOf(bytes, sizes), summaryOf(bytes));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('may be asked before the end', () => {
    const analysis = analyse();
    analysis.add(noise(100));
    const first = analysis.result();
    assert.deepEqual(analysis.result(), first);
    analysis.add(noise(100));
    assert.deepEqual(analysis.result(), summaryOf(joined(noise(100), noise(100))));
  });

  const entropies: readonly (readonly [string, Uint8Array, number])[] = [
    ['one value', new Uint8Array(1 << 16), 0],
    ['two values', Uint8Array.from({ length: 1 << 16 }, (_, at) => at & 1), 1],
    ['all values', Uint8Array.from({ length: 1 << 16 }, (_, at) => at & 0xff), 8],
    ['nothing', new Uint8Array(0), 0],
  ];
  it.each(entropies)('measures the entropy of %s', (_, bytes, entropy) => {
    assert.equal(summaryOf(bytes).entropy, entropy);
  });

  it('covers the state with at most 64 regions', () => {
    for (const blocks of [0, 1, 63, 64, 65, 127, 128, 129, 300]) {
      const bytes = new Uint8Array(blocks * (1 << 16) + 13);
      bytes.fill(1, bytes.length >> 1);
      const { regions } = summaryOf(bytes, [1 << 20]);
      assert.ok(regions.length <= 64);
      let at = 0;
      for (const { offset, length } of regions) {
        assert.equal(offset, at);
        at += length;
      }
      assert.equal(at, bytes.length);
    }
  });

  it('tells regions apart', () => {
    const { regions } = summaryOf(joined(new Uint8Array(1 << 16), noise(1 << 16)));
    assert.deepEqual(
      regions.map(({ entropy }) => Math.round(entropy)),
      [0, 8],
    );
  });

  it('finds long runs of one byte', () => {
    const bytes = joined(
      noise(64),
      new Uint8Array(8192).fill(0xaa),
      noise(64),
      new Uint8Array(4096),
    );
    assert.deepEqual(summaryOf(bytes).runs, {
      count: 2,
      bytes: 12288,
      longest: { offset: 64, length: 8192, byte: 0xaa },
    });
  });

  it('passes over short runs', () => {
    assert.deepEqual(summaryOf(new Uint8Array(4088)).runs, {
      count: 0,
      bytes: 0,
      longest: undefined,
    });
  });

  const words: readonly (readonly [word: string, what: string, pointers: number])[] = [
    ['001240078188ffff', 'an address in the direct map', 1],
    ['a0b0118effffffff', 'an address of kernel text', 1],
    ['000000c0ffffffff', 'an address of a module', 1],
    ['0000000000800000', 'the first address behind user space', 0],
    ['00000000007fffff', 'an address between user space and the kernel', 0],
    ['ffffffffffffffff', 'all ones', 0],
    ['eaffffffffffffff', 'an error number', 0],
    ['00f0ff0000000000', 'a small number', 0],
  ];
  it.each(words)('judges %s, %s', (word, _, pointers) => {
    const { kernelPointers } = summaryOf(joined(new Uint8Array(16), hex(word)));
    assert.deepEqual(kernelPointers, { count: pointers, offsets: pointers === 0 ? [] : [16] });
  });

  it('counts all pointers and lists the first', () => {
    const { kernelPointers } = summaryOf(
      joined(...Array.from({ length: 100 }, () => hex('001240078188ffff'))),
    );
    assert.equal(kernelPointers.count, 100);
    assert.deepEqual(
      kernelPointers.offsets,
      Array.from({ length: 16 }, (_, at) => 8 * at),
    );
  });

  it('passes over words that are not aligned', () => {
    const bytes = joined(Uint8Array.of(1), hex('001240078188ffff'), new Uint8Array(7));
    assert.equal(summaryOf(bytes).kernelPointers.count, 0);
  });
});
