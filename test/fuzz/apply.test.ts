import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { mtty } from '../../src/formats/mtty.ts';
import { qat } from '../../src/formats/qat.ts';
import { xe } from '../../src/formats/xe.ts';
import { applyPlan } from '../../src/fuzz/apply.ts';
import { plainSession, type Edit, type Repair } from '../../src/fuzz/plan.ts';
import { Random } from '../../src/fuzz/random.ts';
import { randomPlan } from '../../src/fuzz/search-plan.ts';
import { libraryOf, skeletonOf, type Skeleton } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import type { Draft } from '../../src/layout/draft.ts';
import type { Layout } from '../../src/layout/types.ts';
import {
  bytes,
  checksumOf,
  choice,
  framed,
  le16,
  le32,
  lengthOf,
  offsetOf,
  repeat,
  rest,
  struct,
  u8,
} from '../../src/layout/vocabulary.ts';
import { bytesOf, lengthOf as lengthOfInput } from '../../src/targets/target.ts';
import { digitsOf } from '../layout/support.ts';
import { entries } from './seeds.ts';

const all: Repair = { kind: 'all' };

const seedOf = (layout: Layout, draft: Draft, id = 'test'): Skeleton =>
  skeletonOf({ id, layout }, build(layout, draft).bytes);

const applied = (
  seed: Skeleton,
  edits: readonly Edit[],
  repair: Repair = all,
  others: readonly Skeleton[] = [],
): Uint8Array => {
  const plan = { seed: seed.digest, edits, repair, session: plainSession };
  const [input] = applyPlan(libraryOf([seed, ...others]), plan)!.inputs;
  const made = bytesOf(input!);
  assert.equal(made.length, lengthOfInput(input!));
  let reach = -1;
  for (const { at, drop } of input!.splices) {
    assert.ok(at > reach, 'splices ascend and are apart');
    reach = Math.max(at + drop - 1, at);
  }
  return made;
};

/** Records of a length, a tag and data. */
const records = repeat(
  struct({ size: le16({ role: lengthOf('data') }), tag: u8(), data: framed('size', rest) }),
);
const data = (...values: number[]): Uint8Array => Uint8Array.of(...values);
const two = seedOf(records, [
  { tag: 1n, data: data(0xa, 0xb) },
  { tag: 2n, data: data(0xc) },
]);

describe('applying a plan', () => {
  it('gives the seed when there is nothing to do', () => {
    for (const { name, skeleton } of entries) {
      assert.equal(digitsOf(applied(skeleton, [])), digitsOf(skeleton.bytes), name);
    }
  });

  it('writes a length that was set as it was set', () => {
    const edits: Edit[] = [
      { kind: 'set', field: 'record[0].size', value: 0x1234n },
      { kind: 'resize', field: 'record[0].data', size: 1 },
    ];
    assert.equal(digitsOf(applied(two, edits)), '341201' + '0a' + '0100020c');
  });

  it('puts the length of a payload right, or leaves it wrong, as the plan says', () => {
    const edits: Edit[] = [{ kind: 'resize', field: 'record[0].data', size: 3 }];
    assert.equal(digitsOf(applied(two, edits)), '030001' + '0a0b0a' + '0100020c');
    assert.equal(digitsOf(applied(two, edits, { kind: 'none' })), '020001' + '0a0b0a' + '0100020c');
    const but: Repair = { kind: 'all-but', field: 'record[0].size' };
    assert.equal(digitsOf(applied(two, edits, but)), '020001' + '0a0b0a' + '0100020c');
  });

  it('repeats, drops, swaps and splices records', () => {
    const one = '020001' + '0a0b';
    const other = '0100020c';
    const cases: [Edit, string][] = [
      [{ kind: 'repeat', field: 'record[0]', times: 2 }, one + one + one + other],
      [{ kind: 'drop', field: 'record[0]' }, other],
      [{ kind: 'swap', field: 'record[0]', with: 'record[1]' }, other + one],
      [
        {
          kind: 'splice',
          field: 'record[1]',
          place: 'before',
          from: two.digest,
          part: 'record[1]',
        },
        one + other + other,
      ],
      [
        {
          kind: 'splice',
          field: 'record[0]',
          place: 'instead',
          from: two.digest,
          part: 'record[1]',
        },
        other + other,
      ],
      [
        { kind: 'build', field: 'record[0]', place: 'before', draft: { tag: 9n, data: data(1) } },
        '01000901' + one + other,
      ],
      [{ kind: 'truncate', at: 4 }, '0200010a'],
      [{ kind: 'raw', at: 4, drop: 1, put: data(0xee, 0xff) }, '030001' + '0aeeff' + other],
    ];
    for (const [edit, digits] of cases)
      assert.equal(digitsOf(applied(two, [edit])), digits, edit.kind);
  });

  it('repeats and moves a part as its other edits leave it', () => {
    const inside: Edit = { kind: 'resize', field: 'record[0].data', size: 1 };
    const repeated = applied(two, [{ kind: 'repeat', field: 'record[0]', times: 1 }, inside]);
    assert.equal(digitsOf(repeated), '0100010a' + '0100010a' + '0100020c');
    const moved = applied(two, [inside, { kind: 'swap', field: 'record[0]', with: 'record[1]' }]);
    assert.equal(digitsOf(moved), '0100020c' + '0100010a');
  });

  it('lets an edit inside a dropped part vanish', () => {
    const inside: Edit = { kind: 'set', field: 'record[0].tag', value: 7n };
    const drop: Edit = { kind: 'drop', field: 'record[0]' };
    assert.equal(digitsOf(applied(two, [inside, drop])), '0100020c');
    assert.equal(digitsOf(applied(two, [drop, inside])), '0100020c');
  });

  it('counts the later of two edits of one field', () => {
    const edits: Edit[] = [1n, 2n].map((value) => ({ kind: 'set', field: 'record[1].tag', value }));
    assert.equal(digitsOf(applied(two, edits)), '0200010a0b' + '0100020c');
    assert.equal(digitsOf(applied(two, edits.reverse())), '0200010a0b' + '0100010c');
    const raw: Edit = { kind: 'raw', at: 7, drop: 1, put: data(9) };
    assert.equal(digitsOf(applied(two, [raw, ...edits])), '0200010a0b' + '0100010c');
    assert.equal(digitsOf(applied(two, [...edits, raw])), '0200010a0b' + '0100090c');
  });

  it('puts every length and count around a nested section right', () => {
    const seed = seedOf(qat.layout, qat.sample);
    const edits: Edit[] = [{ kind: 'repeat', field: 'setup.sections[0].data[1]', times: 2 }];
    const changed = skeletonOf(qat, applied(seed, edits));
    const numbers = ['size', 'n_sects', 'sections[0].size', 'sections[0].sub_sects'].map(
      (name) => changed.byPath.get(`setup.${name}`)?.value,
    );
    assert.deepEqual(numbers, [74n + 36n, 1n, 58n + 36n, 5n]);
  });

  it('counts words where a length counts words', () => {
    const seed = seedOf(xe.layout, xe.sample);
    const changed = skeletonOf(
      xe,
      applied(seed, [{ kind: 'resize', field: 'packet[0].data[1].value', size: 12 }]),
    );
    assert.equal(changed.byPath.get('packet[0].data[1].len')?.value, 3n);
    assert.equal(changed.byPath.get('packet[0].size')?.value, 24n);
  });

  it('makes children of a leaf, and counts them', () => {
    const seed = seedOf(qat.layout, qat.sample);
    const draft: Draft = [{ id: 'x', data: data(1, 2) }];
    const field = 'setup.sections[0].data[0]';
    const changed = skeletonOf(
      qat,
      applied(seed, [{ kind: 'build', field: `${field}.data`, place: 'instead', draft }]),
    );
    assert.equal(changed.byPath.get(`${field}.sub_sects`)?.value, 1n);
    assert.equal(changed.byPath.get(`${field}.size`)?.value, 18n);
  });

  it('builds one draft for each part as its own kind has it, whatever it was built for before', () => {
    const value = choice('tag', { 1: struct({ word: le16() }), 2: struct({ long: le32() }) });
    const kinds = seedOf(
      repeat(
        struct({ tag: u8(), size: u8({ role: lengthOf('value') }), value: framed('size', value) }),
      ),
      [
        { tag: 1n, value: { word: 5n } },
        { tag: 2n, value: { long: 7n } },
      ],
    );
    const draft = {};
    const emptied = [0, 1].map((place) =>
      applied(kinds, [{ kind: 'build', field: `record[${place}].value`, place: 'instead', draft }]),
    );
    assert.deepEqual(emptied.map(digitsOf), [
      '01020000' + '020407000000',
      '01020500' + '020400000000',
    ]);
  });

  it('counts elements of an array', () => {
    const seed = seedOf(mtty.layout, { port: [{}, {}] });
    const dropped = applied(seed, [{ kind: 'drop', field: 'port[1]' }]);
    assert.deepEqual([...dropped.subarray(16, 20), dropped.length], [1, 0, 0, 0, 60]);
    const emptied = applied(seed, [{ kind: 'drop', field: 'port' }]);
    assert.deepEqual([...emptied.subarray(16, 20), emptied.length], [0, 0, 0, 0, 24]);
  });

  it('puts offsets and checksums right, over the bytes that are written last', () => {
    const layout = struct({
      sum: le32({ role: checksumOf('sum32', 'where', 'head', 'body') }),
      where: le16({ role: offsetOf('body') }),
      size: u8({ role: lengthOf('body') }),
      head: bytes(2),
      body: framed('size', repeat(u8(), 'byte')),
    });
    const seed = seedOf(layout, { body: [1n, 2n, 3n] });
    const changed = applied(seed, [
      { kind: 'resize', field: 'head', size: 4 },
      { kind: 'set', field: 'body[1]', value: 0x50n },
      { kind: 'repeat', field: 'body[1]', times: 1 },
    ]);
    assert.equal(digitsOf(changed), 'af000000' + '0b00' + '04' + '00000000' + '01505003');
  });

  it('answers nothing to a plan that does not fit', () => {
    const library = libraryOf([two]);
    const plan = { seed: two.digest, repair: all, session: plainSession };
    const edits: Edit[] = [{ kind: 'drop', field: 'record[7]' }];
    assert.equal(applyPlan(library, { ...plan, edits }), undefined);
    assert.equal(applyPlan(library, { ...plan, seed: 'x', edits: [] }), undefined);
    const huge: Edit[] = [{ kind: 'repeat', field: '', times: 1 << 30 }];
    assert.equal(applyPlan(library, { ...plan, edits: huge }), undefined);
  });
});

describe('a random plan', () => {
  it('lets a state of a fixed size grow at the cost of its filler, and not only so', () => {
    const seed = seedOf(qat.layout, qat.sample);
    const library = libraryOf([seed]);
    const random = new Random(5);
    const sizes = Array.from({ length: 400 }, () => {
      const plan = randomPlan(random, library);
      const grows = plan.edits.some(({ kind }) => kind === 'repeat');
      const input = applyPlan(library, plan)?.inputs[0];
      return grows && input !== undefined ? [lengthOfInput(input)] : [];
    }).flat();
    assert.ok(sizes.includes(4096) && sizes.some((size) => size > 4096), sizes.join(' '));
  });

  it('is the same for the same numbers, and mostly fits', () => {
    const library = libraryOf(entries.slice(0, 40).map(({ skeleton }) => skeleton));
    const draw = (): { plans: unknown[]; fit: number } => {
      const random = new Random(7).split(3, 1);
      const plans = Array.from({ length: 200 }, () => randomPlan(random, library));
      return { plans, fit: plans.filter((plan) => applyPlan(library, plan) !== undefined).length };
    };
    const { plans, fit } = draw();
    assert.deepEqual(draw().plans, plans);
    assert.ok(fit > 190, `${fit} of 200 fit`);
  });
});
