import assert from 'node:assert/strict';

import { describe, it } from 'vitest';

import { build, DraftError } from '../../src/layout/build.ts';
import { Decoder } from '../../src/layout/decode.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { walk } from '../../src/layout/node.ts';
import type { Layout } from '../../src/layout/types.ts';
import * as v from '../../src/layout/vocabulary.ts';
import { bytesOf, digitsOf, faultsIn } from './support.ts';

describe('checksums', () => {
  const sums: readonly (readonly [string, Layout, string])[] = [
    ['crc32', v.le32({ role: v.checksumOf('crc32', 'a', 'data') }), '02 6162 2cd46acc'],
    ['sum8', v.u8({ role: v.checksumOf('sum8', 'a', 'data') }), '02 ffff 00'],
    ['sum16', v.le16({ role: v.checksumOf('sum16', 'a', 'data') }), '02 ffff 0002'],
    ['sum32', v.be32({ role: v.checksumOf('sum32', 'a', 'data') }), '02 ffff 00000200'],
  ];
  const withSum = (sum: Layout): Layout =>
    v.struct({ a: v.u8({ role: v.lengthOf('data') }), data: v.bytes('a'), sum });

  it.each(sums.slice(1))('%s holds over the fields that it names', (_, sum, digits) => {
    assert.deepEqual(faultsIn(withSum(sum), digits), []);
  });

  it.each(sums)('%s is derived, and any changed bit of what it covers is told', (_, sum) => {
    const layout = withSum(sum);
    const { bytes } = build(layout, { data: bytesOf('11 22 33') });
    assert.deepEqual(faultsIn(layout, digitsOf(bytes)), []);
    for (let bit = 8; bit < 32; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert.deepEqual(faultsIn(layout, digitsOf(flipped)), ['sum bad-checksum']);
    }
  });

  it('are the same however the bytes arrive', () => {
    const layout = v.repeat(withSum(sums[0]![1]));
    const bytes = build(layout, [{ data: bytesOf('112233') }, { data: bytesOf('44') }]).bytes;
    const faults: string[] = [];
    const decoder = new Decoder(layout, {
      unit: (root) => {
        for (const node of walk(root)) faults.push(...node.faults.map(({ code }) => code));
      },
    });
    for (const byte of bytes) decoder.push(Uint8Array.of(byte));
    decoder.end();
    assert.deepEqual(faults, []);
  });
});

describe('budgets', () => {
  const box: Layout = v.lazy(() =>
    v.struct({ n: v.u8(), inner: v.when({ field: 'n', atLeast: 1n }, v.framed('n', box)) }),
  );

  it('bound how deep a layout contains itself', () => {
    const deep = Array.from({ length: 100 }, (_, at) => (99 - at).toString(16).padStart(2, '0'));
    const faults = faultsIn(v.struct({ box }), deep.join(''));
    assert.equal(faults.length, 1);
    assert.match(faults[0]!, / budget$/u);
    assert.deepEqual(faultsIn(v.struct({ box }), '03020100'), []);
  });

  it('bound the fields of one unit', () => {
    const list = v.struct({ list: v.repeat(v.u8()) });
    assert.deepEqual(faultsIn(list, '11'.repeat(20), { fields: 10 }), ['list.(gap) budget']);
    const records = v.repeat(v.struct({ a: v.u8(), b: v.u8() }));
    assert.deepEqual(faultsIn(records, '11'.repeat(20), { fields: 10 }), []);
  });

  it('bound the units of one state', () => {
    assert.deepEqual(faultsIn(v.repeat(v.u8()), '11'.repeat(20), { records: 10 }), [
      '(gap) budget',
    ]);
    assert.deepEqual(faultsIn(v.repeat(v.u8()), '11'.repeat(10), { records: 10 }), []);
  });

  it('keep small payloads, and pass large ones on in pieces', () => {
    const layout = v.repeat(
      v.struct({ n: v.le16({ role: v.lengthOf('data') }), data: v.bytes('n') }),
    );
    const { bytes } = build(layout, [
      { data: new Uint8Array(50).fill(7) },
      { data: new Uint8Array(60).fill(8) },
    ]);
    const kept: unknown[] = [];
    let passed = 0;
    const decoder = new Decoder(
      layout,
      {
        unit: (root) => kept.push(root.children[1]?.value),
        payload: (_, piece) => (passed += piece.length),
      },
      { keep: 50 },
    );
    decoder.push(bytes);
    decoder.end();
    assert.deepEqual(kept, [new Uint8Array(50).fill(7), undefined]);
    assert.equal(passed, 110);
  });
});

describe('drafts', () => {
  const layout = v.struct({
    magic: v.le16({ role: v.magic(0x1234n) }),
    version: v.u8({ role: v.version(3n) }),
    kind: v.u8({ names: { WORD: 2n, BYTE: 1n } }),
    n: v.u8({ role: v.lengthOf('data') }),
    data: v.framed('n', v.choice('kind', { WORD: v.le16(), BYTE: v.u8() })),
  });
  const drafts: readonly (readonly [string, Draft, string])[] = [
    ['derive what they leave out', { kind: 'WORD' }, '3412 03 02 02 0000'],
    ['write what they state', { kind: 'WORD', data: 0x1122n }, '3412 03 02 02 2211'],
    ['lie when told to', { magic: 1n, n: 9n, kind: 'BYTE', data: 5n }, '0100 03 01 09 05'],
    [
      'take raw bytes for any field',
      { version: bytesOf('aabb'), kind: 2n },
      '3412 aabb 02 02 0000',
    ],
    ['take numbers and names', { kind: 1, data: 7 }, '3412 03 01 01 07'],
  ];
  it.each(drafts)('%s', (_, draft, digits) => {
    assert.equal(digitsOf(build(layout, draft).bytes), digits.replaceAll(' ', ''));
  });

  const unbuildable: readonly (readonly [string, Layout, Draft])[] = [
    ['an unknown field', layout, { colour: 1n }],
    ['an unknown name', layout, { kind: 'LONG' }],
    ['text for a number', layout, { version: 'three' }],
    ['a list for a number', layout, { version: [1n] }],
    ['a fraction', layout, { version: 1.5 }],
    ['a number for text', v.struct({ id: v.text(4) }), { id: 1n }],
    ['a number for bytes', v.struct({ a: v.bytes(4) }), { a: 1n }],
    ['a number for a list', v.struct({ a: v.array(2, v.u8()) }), { a: 1n }],
    ['a number for fields', layout, 1n],
    ['fields for records', v.repeat(v.u8()), {}],
    ['bytes beyond reason', v.struct({ n: v.le32(), a: v.bytes('n') }), { n: 0xffff_ffffn }],
  ];
  it.each(unbuildable)('refuse %s', (_, shape, draft) => {
    assert.throws(() => build(shape, draft), DraftError);
  });
});
