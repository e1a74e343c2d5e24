import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { build } from '../../src/layout/build.ts';
import { decode } from '../../src/layout/decode.ts';
import type { Layout, UintLayout } from '../../src/layout/types.ts';
import * as v from '../../src/layout/vocabulary.ts';
import { bytesOf, digitsOf, faultsIn } from './support.ts';

const widths: readonly (readonly [string, (options?: object) => UintLayout, bigint, string])[] = [
  ['u8', v.u8, 0x12n, '12'],
  ['le16', v.le16, 0x1234n, '3412'],
  ['le24', v.le24, 0x123456n, '563412'],
  ['le32', v.le32, 0x12345678n, '78563412'],
  ['le64', v.le64, 0x123456789abcdef0n, 'f0debc9a78563412'],
  ['be16', v.be16, 0x1234n, '1234'],
  ['be24', v.be24, 0x123456n, '123456'],
  ['be32', v.be32, 0x12345678n, '12345678'],
  ['be64', v.be64, 0x123456789abcdef0n, '123456789abcdef0'],
  ['le40', () => ({ kind: 'uint', bits: 40, little: true }), 0x123456789an, '9a78563412'],
  ['le48', () => ({ kind: 'uint', bits: 48, little: true }), 0x123456789abcn, 'bc9a78563412'],
  ['le56', () => ({ kind: 'uint', bits: 56, little: true }), 0x123456789abcden, 'debc9a78563412'],
  ['be40', () => ({ kind: 'uint', bits: 40, little: false }), 0x123456789an, '123456789a'],
  ['be56', () => ({ kind: 'uint', bits: 56, little: false }), 0x123456789abcden, '123456789abcde'],
];

describe('numbers', () => {
  it.each(widths)('%s', (_, layout, value, digits) => {
    const fields = v.struct({ number: layout() });
    assert.equal(digitsOf(build(fields, { number: value }).bytes), digits);
    const [unit] = decode(fields, bytesOf(digits));
    assert.equal(unit?.children[0]?.value, value);
  });

  it('of every width come back as they were written', () => {
    const arbitrary = fc
      .constantFrom(...widths)
      .chain(([, layout]) =>
        fc.tuple(
          fc.constant(layout()),
          fc.bigInt({ min: 0n, max: (1n << BigInt(layout().bits)) - 1n }),
        ),
      );
    fc.assert(
      fc.property(arbitrary, ([number, value]) => {
        const fields = v.struct({ number });
        assert.equal(
          decode(fields, build(fields, { number: value }).bytes)[0]?.children[0]?.value,
          value,
        );
      }),
    );
  });

  it('keep what stands in place of a number that is cut', () => {
    assert.deepEqual(faultsIn(v.struct({ number: v.le32() }), 'aabbcc'), ['number truncated']);
    assert.deepEqual(faultsIn(v.struct({ number: v.le32() }), 'aa'), ['number truncated']);
  });

  it('that are too large lose their upper bits when written', () => {
    assert.equal(digitsOf(build(v.struct({ number: v.u8() }), { number: 0x1ffn }).bytes), 'ff');
  });
});

/** A layout, sound bytes for it, and bytes with the faults that they must have. */
const judged: readonly (readonly [string, Layout, string, string, readonly string[]])[] = [
  [
    'magic',
    v.struct({ a: v.le16({ role: v.magic(0x1234n, 0x5678n) }) }),
    '7856',
    '7956',
    ['a bad-magic'],
  ],
  [
    'version',
    v.struct({ a: v.u8({ role: v.version(1n, 2n) }) }),
    '02',
    '03',
    ['a unsupported-version'],
  ],
  [
    'tag',
    v.struct({ a: v.u8({ role: v.tag, names: { ONE: 1n } }) }),
    '01',
    '02',
    ['a unknown-tag'],
  ],
  ['reserved', v.struct({ a: v.u8({ role: v.reserved }) }), '00', '80', ['a not-zero']],
  ['padding', v.struct({ a: v.le16({ role: v.padding }) }), '0000', '0001', ['a not-zero']],
  ['zero bytes', v.struct({ a: v.bytes(3, { zero: true }) }), '000000', '000001', ['a not-zero']],
  ['within', v.struct({ a: v.u8({ role: v.within(2n, 4n) }) }), '04', '05', ['a out-of-range']],
  ['one of', v.struct({ a: v.u8({ role: v.oneOf(1n, 16n) }) }), '10', '02', ['a undefined-value']],
  [
    'strict names',
    v.struct({ a: v.u8({ names: { X: 7n }, strict: true }) }),
    '07',
    '08',
    ['a undefined-value'],
  ],
  [
    'flags',
    v.struct({ a: v.u8({ flags: { LOW: 0, HIGH: 7 } }) }),
    '81',
    '83',
    ['a undefined-bits'],
  ],
  [
    'index',
    v.struct({ a: v.u8({ role: v.indexInto('fifo', 16) }) }),
    '0f',
    '10',
    ['a index-out-of-bounds'],
  ],
  ['address', v.struct({ a: v.le16({ role: v.iova(16n) }) }), '3000', '3100', ['a misaligned']],
  ['any address', v.struct({ a: v.u8({ role: v.iova() }) }), '03', '', []],
  [
    'length before bytes',
    v.struct({ n: v.u8({ role: v.lengthOf('data') }), data: v.bytes('n') }),
    '02aabb',
    '03aabb',
    ['n overrun'],
  ],
  [
    'length with a constant',
    v.struct({ n: v.u8({ role: v.lengthOf('data', 1) }), data: v.bytes({ field: 'n', plus: -1 }) }),
    '03aabb',
    '01aa',
    ['(gap) trailing'],
  ],
  [
    'length in words',
    v.struct({ n: v.u8(), data: v.bytes({ field: 'n', times: 2 }) }),
    '01aabb',
    '02aabb',
    ['n overrun'],
  ],
  [
    'redundant length',
    v.struct({ data: v.bytes(2), n: v.u8({ role: v.lengthOf('data') }) }),
    'aabb02',
    'aabb03',
    ['n wrong-length'],
  ],
  [
    'count before elements',
    v.struct({ n: v.u8({ role: v.countOf('list') }), list: v.array('n', v.le16()) }),
    '0211112222',
    '0311112222',
    ['n overrun'],
  ],
  [
    'count that cuts an element',
    v.struct({ n: v.u8({ role: v.countOf('list') }), list: v.array('n', v.le16()) }),
    '00',
    '02111122',
    ['list[1] truncated'],
  ],
  [
    'elements to the end',
    v.struct({ list: v.repeat(v.le16()) }),
    '11112222',
    '111122',
    ['list[1] truncated'],
  ],
  [
    'offset',
    v.struct({ at: v.u8({ role: v.offsetOf('data') }), gap: v.u8(), data: v.u8() }),
    '02aabb',
    '03aabb',
    ['at wrong-offset'],
  ],
  ['text', v.struct({ id: v.text(4) }), '61620000', '61006200', ['id bad-text']],
  ['text without padding', v.struct({ id: v.text(4) }), '61626364', '61626307', ['id bad-text']],
  ['empty text', v.struct({ id: v.text(4) }), '00000000', '616263', ['id truncated']],
  [
    'frame',
    v.struct({ n: v.u8({ role: v.lengthOf('box') }), box: v.framed('n', v.struct({ a: v.u8() })) }),
    '0111',
    '021122',
    ['(gap) trailing'],
  ],
  [
    'frame past its parent',
    v.struct({
      outer: v.u8(),
      box: v.framed('outer', v.struct({ n: v.u8(), inner: v.framed('n', v.rest) })),
      after: v.u8(),
    }),
    '0201aabb',
    '0202aabb',
    ['box.n overrun'],
  ],
  [
    'frame past the end',
    v.struct({ n: v.u8(), box: v.framed('n', v.rest) }),
    '02aabb',
    '04aabb',
    ['n overrun'],
  ],
  [
    'frame too small for what is in it',
    v.struct({ n: v.u8(), box: v.framed('n', v.struct({ a: v.le32() })), after: v.u8() }),
    '0411111111ff',
    '03111111ff',
    ['box.a truncated'],
  ],
  [
    'choice by name',
    v.struct({
      kind: v.u8({ names: { WORD: 2n } }),
      it: v.choice('kind', { WORD: v.le16(), 7: v.u8() }, v.bytes(0)),
    }),
    '021122',
    '0211',
    ['it truncated'],
  ],
  [
    'choice by number',
    v.struct({ kind: v.u8(), it: v.choice('kind', { 7: v.u8() }, v.bytes(0)) }),
    '0711',
    '0811',
    ['(gap) trailing'],
  ],
  [
    'choice by text',
    v.struct({ kind: v.text(2), it: v.choice('kind', { ab: v.u8() }, v.bytes(0)) }),
    '616211',
    '616311',
    ['(gap) trailing'],
  ],
  [
    'choice among the names of objects',
    v.struct({ kind: v.text(8), it: v.choice('kind', { toString: v.u8() }, v.bytes(0)) }),
    '746f537472696e6711',
    '5f5f70726f746f5f11',
    ['(gap) trailing'],
  ],
  [
    'present by value',
    v.struct({ a: v.u8(), more: v.when({ field: 'a', is: [1n] }, v.u8()) }),
    '0111',
    '0011',
    ['(gap) trailing'],
  ],
  [
    'present by name',
    v.struct({
      a: v.u8({ names: { YES: 1n } }),
      more: v.when({ field: 'a', is: ['YES'] }, v.u8()),
    }),
    '00',
    '01',
    ['more truncated'],
  ],
  [
    'present from a version',
    v.struct({ a: v.u8(), more: v.when({ field: 'a', atLeast: 3n }, v.u8()) }),
    '0311',
    '0211',
    ['(gap) trailing'],
  ],
  [
    'present by flag',
    v.struct({ a: v.u8(), more: v.when({ field: 'a', bit: 2 }, v.u8()) }),
    '0411',
    '0811',
    ['(gap) trailing'],
  ],
  [
    'present while bytes are left',
    v.struct({ a: v.u8(), more: v.when({ remaining: 1 }, v.le16()) }),
    '01',
    '0111',
    ['more truncated'],
  ],
  [
    'present while the frame has bytes',
    v.struct({
      n: v.u8(),
      box: v.framed('n', v.struct({ a: v.u8(), more: v.when({ remaining: 2 }, v.le16()) })),
      after: v.u8(),
    }),
    '0111ff',
    '021122ff',
    ['(gap) trailing'],
  ],
  ['nothing behind the last field', v.struct({ a: v.u8() }), '11', '1122', ['(gap) trailing']],
];

describe('faults', () => {
  it.each(judged)('%s', (_, layout, sound, unsound, faults) => {
    assert.deepEqual(faultsIn(layout, sound), []);
    assert.deepEqual(faultsIn(layout, unsound), faults);
  });

  it('tell counts that no input can reach', () => {
    const layout = v.struct({
      n: v.le32({ role: v.countOf('list') }),
      list: v.array('n', v.le64()),
    });
    assert.deepEqual(faultsIn(layout, 'ffffffff 1111111111111111'), ['n overrun']);
    const wide = v.struct({ n: v.le64(), list: v.array({ field: 'n', times: 16 }, v.u8()) });
    assert.deepEqual(faultsIn(wide, 'ffffffffffffffff 11'), ['n overrun']);
  });

  it('tell lengths that no number holds', () => {
    const layout = v.struct({
      n: v.le64({ role: v.lengthOf('data') }),
      data: v.framed('n', v.rest),
    });
    assert.deepEqual(faultsIn(layout, 'ffffffffffffffff 1122'), ['n overrun']);
    const raw = v.struct({ n: v.le64(), data: v.bytes('n') });
    assert.deepEqual(faultsIn(raw, '0000000000000080 1122'), ['n overrun']);
  });

  it('do not repeat elements that have no bytes', () => {
    const layout = v.struct({ n: v.le32(), list: v.array('n', v.struct({})), after: v.u8() });
    assert.deepEqual(faultsIn(layout, 'ffffffff 11'), []);
    assert.deepEqual(faultsIn(v.struct({ list: v.repeat(v.bytes(0)) }), '1122'), [
      '(gap) trailing',
    ]);
  });

  it('go on behind a frame that bounds the damage', () => {
    const layout = v.repeat(
      v.struct({
        n: v.u8({ role: v.lengthOf('box') }),
        box: v.framed('n', v.struct({ a: v.le16() })),
      }),
    );
    assert.deepEqual(faultsIn(layout, '021111 0122 021111'), ['record[1].box.a truncated']);
  });

  it('say once that a state is cut', () => {
    const layout = v.struct({
      n: v.u8(),
      outer: v.framed(
        'n',
        v.struct({ m: v.u8(), inner: v.framed('m', v.struct({ a: v.le32() })) }),
      ),
      after: v.le16(),
    });
    assert.deepEqual(faultsIn(layout, '0804 1122'), ['outer.inner.a truncated']);
  });
});
