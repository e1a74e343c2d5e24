import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { layoutOf, telling, type Format } from '../../src/formats/format.ts';
import { formats } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { decode, Decoder } from '../../src/layout/decode.ts';
import { encode } from '../../src/layout/encode.ts';
import { leaves, pathOf, walk } from '../../src/layout/node.ts';
import { soundDraft } from '../layout/sound-draft.ts';
import { assertTiles, decodeInPieces, keepAll, pieceSizes } from '../layout/support.ts';
import { judge, ruleIds } from './judge.ts';

/** An edit that damages a state here and there without making all of it noise. */
const edits = fc.array(
  fc.record({
    at: fc.nat(1 << 13),
    kind: fc.constantFrom('set', 'insert', 'delete', 'repeat', 'cut'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 24 }),
  }),
  { maxLength: 6 },
);

type Edits = typeof edits extends fc.Arbitrary<infer Value> ? Value : never;

const damaged = (whole: Uint8Array, plan: Edits): Uint8Array => {
  let bytes = Buffer.from(whole);
  for (const { at: where, kind, bytes: change } of plan) {
    const at = bytes.length === 0 ? 0 : where % bytes.length;
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (kind === 'set') bytes.set(change.subarray(0, bytes.length - at), at);
    else if (kind === 'insert') bytes = Buffer.concat([before, change, after]);
    else if (kind === 'delete') bytes = Buffer.concat([before, after.subarray(change.length)]);
    else if (kind === 'repeat') bytes = Buffer.concat([before, after.subarray(0, 64), after]);
    else bytes = Buffer.from(before);
  }
  return new Uint8Array(bytes);
};

/** Each format, and each of its forms as a format of its own. */
const cases: readonly (readonly [string, Format])[] = formats.flatMap((format) => [
  [format.id, format],
  ...(format.forms ?? []).map(({ title, layout, sample }): readonly [string, Format] => {
    const { forms: _, ...rest } = format;
    return [`${format.id}, ${title}`, { ...rest, layout, sample, invariants: [] }];
  }),
]);

/** Half of what `Extents` keeps, which it is down to when it has just forgotten the others. */
const MOST_PIECES = 1 << 15;

/** The path of what holds a field. */
const around = (path: string): string => path.replace(/(?:\.[^.[]+|\[\d+\])$/u, '');

describe.each(cases)('%s', (_, format) => {
  const { layout } = format;
  const sample = build(layout, format.sample).bytes;
  /** Large states say as much in fewer runs. */
  const runs = (numRuns: number): { numRuns: number } => ({
    numRuns: sample.length > 4096 ? Math.ceil(numRuns / 30) : numRuns,
  });
  const near = fc.oneof(
    edits.map((plan) => damaged(sample, plan)),
    fc
      .tuple(soundDraft(layout), edits)
      .map(([draft, plan]) => damaged(build(layout, draft).bytes, plan)),
  );
  const anything = fc.oneof(fc.uint8Array({ maxLength: 300, size: 'max' }), {
    arbitrary: near,
    weight: 3,
  });

  it('decodes anything, and loses no byte of it', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const units = decode(layout, bytes);
        assertTiles(units, bytes.length);
        assert.ok(Buffer.compare(encode(units), bytes) === 0);
      }),
      runs(300),
    );
  });

  it('decodes the same however the bytes arrive', () => {
    fc.assert(
      fc.property(anything, pieceSizes, fc.boolean(), (bytes, sizes, keep) => {
        const budgets = keep ? keepAll : { keep: 100, hold: 1000 };
        const whole = decodeInPieces(layout, bytes, [Math.max(bytes.length, 1)], budgets);
        assert.deepEqual(decodeInPieces(layout, bytes, sizes, budgets), whole);
        assert.deepEqual(decodeInPieces(layout, bytes, [1], budgets), whole);
      }),
      runs(120),
    );
  });

  it('places every field where its bytes came from', () => {
    fc.assert(
      fc.property(anything, pieceSizes, fc.nat(1000), (bytes, sizes, gap) => {
        const origin: number[] = [];
        const found: (readonly [number, number])[] = [];
        const decoder = new Decoder(layout, {
          unit: (root) => {
            for (const leaf of leaves(root)) {
              if (leaf.length > 0)
                found.push([leaf.start, decoder.extents.locate(leaf.start) ?? -1]);
            }
          },
        });
        let pieces = 0;
        for (let at = 0, turn = 0, offset = 7; at < bytes.length; turn += 1) {
          pieces += 1;
          const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
          for (let index = 0; index < size; index += 1) origin.push(offset + index);
          decoder.push(bytes.subarray(at, at + size), offset);
          at += size;
          offset += size + gap;
        }
        decoder.end();
        // A large state in pieces of one byte is in more of them than the map of places keeps.
        fc.pre(pieces < MOST_PIECES);
        for (const [start, offset] of found) assert.equal(offset, origin[start]);
      }),
      runs(100),
    );
  });

  it('finds no fault in its sample, and recognises it', () => {
    assert.deepEqual(ruleIds(judge(format, sample)), []);
    // What nothing in the bytes tells has to be named.
    if (!format.marked && !['mlx5', 'virtio'].includes(format.id)) return;
    const likeness = format.recognise(sample.subarray(0, telling), sample.length);
    assert.ok(likeness === 'certain' || likeness === 'likely');
  });

  it('finds no fault in what it builds from a sound draft', () => {
    fc.assert(
      fc.property(soundDraft(layout), (draft) => {
        const units = decode(layout, build(layout, draft).bytes);
        const faults = units.flatMap((unit) =>
          [...walk(unit)].flatMap((node) => node.faults.map((fault) => [pathOf(node), fault])),
        );
        assert.deepEqual(faults, []);
      }),
      runs(300),
    );
  });

  it('says for each built field where its bytes lie', () => {
    fc.assert(
      fc.property(soundDraft(layout), (draft) => {
        const { bytes, slots } = build(layout, draft);
        const places = new Map(slots.map(({ path, offset, length }) => [path, [offset, length]]));
        // What a draft gives as bytes has no places inside.
        const opened = new Set(slots.map(({ path }) => around(path)));
        for (const unit of decode(layout, bytes)) {
          for (const node of walk(unit)) {
            if (node.layout === 'gap' || !opened.has(around(pathOf(node)))) continue;
            assert.deepEqual(places.get(pathOf(node)), [node.start, node.length], pathOf(node));
          }
        }
      }),
      runs(100),
    );
  });

  it('judges anything without throwing', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        judge(format, bytes);
        format.recognise(bytes.subarray(0, 512), undefined);
        format.recognise(bytes.subarray(0, 512), bytes.length);
      }),
      runs(300),
    );
  });

  it.each(format.invariants.map((invariant) => [invariant.id, invariant] as const))(
    'shows %s on its bad examples and not on its good ones',
    (id, invariant) => {
      const { good, bad } = invariant.examples();
      const raised = (draft: (typeof good)[number]): boolean =>
        judge(format, build(layout, draft).bytes).some(({ rule }) => rule === id);
      assert.deepEqual(
        good.map(raised),
        good.map(() => false),
      );
      assert.deepEqual(
        bad.map(raised),
        bad.map(() => true),
      );
      assert.ok(bad.length > 0);
    },
  );

  it('names its invariants after itself', () => {
    for (const { id } of format.invariants) assert.ok(id.startsWith(`${format.id}-`), id);
  });
});

describe('forms of a format', () => {
  const forms = formats.flatMap((format) =>
    (format.forms ?? []).map((form) => [`${format.id}, ${form.title}`, format, form] as const),
  );

  it.each(forms)('%s: its sample is told from the others', (_, format, { layout, sample }) => {
    const bytes = build(layout, sample).bytes;
    assert.equal(layoutOf(format, bytes.subarray(0, telling)), layout);
    assert.deepEqual(ruleIds(judge(format, bytes)), []);
    assert.equal(layoutOf(format, build(format.layout, format.sample).bytes), format.layout);
  });
});
