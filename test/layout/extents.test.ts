import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { Extents } from '../../src/bytes/extents.ts';

const runs = fc.array(fc.record({ gap: fc.nat(50), length: fc.nat(20) }), { maxLength: 200 });

/** The file offset of each byte of a state that was gathered from these runs. */
const gather = (extents: Extents, pieces: readonly { gap: number; length: number }[]): number[] => {
  const origin: number[] = [];
  let offset = 100;
  for (const { gap, length } of pieces) {
    offset += gap;
    extents.append(offset, length);
    for (let index = 0; index < length; index += 1) origin.push(offset + index);
    offset += length;
  }
  return origin;
};

describe('extents', () => {
  it('say of every byte where it came from', () => {
    fc.assert(
      fc.property(runs, (pieces) => {
        const extents = new Extents();
        const origin = gather(extents, pieces);
        assert.equal(extents.length, origin.length);
        for (const [start, offset] of origin.entries()) assert.equal(extents.locate(start), offset);
        assert.equal(extents.locate(origin.length + 1), undefined);
      }),
    );
  });

  it('give a stretch as the ranges it was gathered from, in order', () => {
    fc.assert(
      fc.property(runs, fc.nat(400), fc.nat(400), (pieces, start, length) => {
        const extents = new Extents();
        const origin = gather(extents, pieces);
        const ranges = extents.ranges(start, length, Infinity);
        const offsets = ranges.flatMap(({ offset, length: count }) =>
          Array.from({ length: count }, (_, index) => offset + index),
        );
        assert.deepEqual(offsets, origin.slice(start, start + length));
        for (const [index, { offset, length: count }] of ranges.entries()) {
          assert.notEqual(ranges[index + 1]?.offset, offset + count, 'neighbours are one range');
        }
      }),
    );
  });

  it('give at most as many ranges as asked for', () => {
    const extents = new Extents();
    gather(
      extents,
      Array.from({ length: 40 }, () => ({ gap: 1, length: 2 })),
    );
    assert.equal(extents.ranges(0, 80).length, 16);
    assert.deepEqual(extents.ranges(1, 4, 2), [
      { offset: 102, length: 1 },
      { offset: 104, length: 2 },
    ]);
  });

  it('place what has no bytes', () => {
    const extents = new Extents();
    extents.append(100, 8);
    assert.deepEqual(extents.ranges(3, 0), [{ offset: 103, length: 0 }]);
    assert.deepEqual(extents.ranges(8, 4), [{ offset: 108, length: 0 }]);
    assert.deepEqual(new Extents().ranges(0, 1), []);
  });

  it('still know what was not forgotten', () => {
    fc.assert(
      fc.property(runs, fc.nat(400), (pieces, from) => {
        const extents = new Extents();
        const origin = gather(extents, pieces);
        const start = Math.min(from, origin.length);
        extents.forget(start);
        for (let at = start; at < origin.length; at += 1) {
          assert.equal(extents.locate(at), origin[at]);
        }
      }),
    );
  });

  it('forget', () => {
    const extents = new Extents();
    gather(
      extents,
      Array.from({ length: 200 }, () => ({ gap: 1, length: 2 })),
    );
    extents.forget(300);
    assert.equal(extents.locate(0), undefined);
    assert.notEqual(extents.locate(300), undefined);
  });

  it('keep a bounded number of runs, the newest', () => {
    const extents = new Extents(64);
    const origin = gather(
      extents,
      Array.from({ length: 1000 }, () => ({ gap: 1, length: 2 })),
    );
    assert.equal(extents.locate(0), undefined);
    for (let at = origin.length - 32; at < origin.length; at += 1) {
      assert.equal(extents.locate(at), origin[at]);
    }
  });
});
