import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { formats } from '../../src/formats/index.ts';
import { knownOf } from '../../src/fuzz/known.ts';
import { offersOf } from '../../src/fuzz/proposals.ts';
import { libraryOf, skeletonOf, type Skeleton } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import { decode } from '../../src/layout/decode.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { walk } from '../../src/layout/node.ts';
import type { Layout } from '../../src/layout/types.ts';
import {
  array,
  bytes,
  choice,
  countOf,
  framed,
  lazy,
  le16,
  le32,
  le64,
  lengthOf,
  repeat,
  rest,
  struct,
  tag,
  u8,
} from '../../src/layout/vocabulary.ts';

/** Records of several kinds, one of which holds records. */
const record: Layout = struct({
  kind: u8({
    role: tag,
    names: { NUMBER: 1n, TABLE: 2n, GROUP: 3n, WORD: 4n, LEVEL: 5n, MODE: 6n },
  }),
  size: le16({ role: lengthOf('data') }),
  data: framed(
    'size',
    choice(
      'kind',
      {
        NUMBER: struct({ number: le64() }),
        TABLE: struct({ count: le32({ role: countOf('rows') }), rows: array('count', bytes(8)) }),
        GROUP: repeat(lazy(() => record)),
        WORD: struct({ word: le32() }),
        LEVEL: struct({ level: u8() }),
        MODE: struct({ level: u8() }),
      },
      rest,
    ),
  ),
});
const layout: Layout = struct({ records: repeat(record) });

const seedOf = (records: readonly Draft[]): Skeleton =>
  skeletonOf({ id: 'records', layout }, build(layout, { records }).bytes);

const numberRecord: Draft = { kind: 'NUMBER', data: { number: 7n } };
const mixed = seedOf([
  ...new Array<Draft>(5).fill(numberRecord),
  { kind: 'WORD', data: { word: 3n } },
  { kind: 'TABLE', data: { rows: [{}, {}, {}].map(() => new Uint8Array(8)) } },
  { kind: 'LEVEL', data: { level: 1n } },
  { kind: 'MODE', data: { level: 1n } },
  ...new Array<Draft>(7).fill(numberRecord),
]);

const pathsOf = (seed: Skeleton, mutator: string): readonly string[] =>
  (offersOf(seed).get(mutator) ?? []).map(({ part }) => part.path);

describe('what is offered for a seed', () => {
  it('comes to the first record of each kind, wherever it stands in a long list', () => {
    const paths = pathsOf(mixed, 'plain-number');
    for (const field of ['[5].data.word', '[7].data.level', '[8].data.level']) {
      assert.ok(paths.includes(`records${field}`), `${field} is not in ${paths.join(', ')}`);
    }
    assert.ok(!paths.includes('records[4].data.number'), 'the fifth number is like those before');
  });

  it('has counts whose product wraps to the size that is there', () => {
    const offers = offersOf(mixed).get('count-boundary') ?? [];
    const values = offers.flatMap(({ proposals }) =>
      proposals.flatMap((edits) => edits.map((edit) => (edit.kind === 'set' ? edit.value : -1n))),
    );
    const same = values.filter((value) => value > 3n && BigInt.asUintN(32, value * 8n) === 24n);
    assert.ok(same.length > 0, String(values));
  });

  it('nests records in each other, deeper and deeper, and each of them is whole', () => {
    const [offer] = offersOf(mixed).get('nested-deep') ?? [];
    const towers = (offer?.proposals ?? []).map(([edit]) =>
      edit?.kind === 'build' && edit.draft instanceof Uint8Array ? edit.draft : new Uint8Array(0),
    );
    assert.ok(towers.length >= 10);
    assert.ok(towers.at(-1)!.length > 1024 * 3);
    for (const tower of towers.slice(0, 8)) {
      const [unit] = decode(record, tower, { depth: 1000 });
      const nodes = [...walk(unit!)];
      assert.ok(nodes.every(({ faults }) => faults.length === 0));
      assert.equal(nodes.filter(({ name }) => name === 'kind').length * 3, tower.length);
    }
  });

  it('nests sections of qat, whose inner ones are of another shape than the outer', () => {
    const qat = formats.find(({ id }) => id === 'qat')!;
    const seed = skeletonOf(qat, build(qat.layout, qat.sample).bytes);
    assert.ok(pathsOf(seed, 'nested-deep').length > 0);
  });
});

describe('what is known of good seeds', () => {
  it('has the values of a field in all records and seeds', () => {
    const seeds = [seedOf([numberRecord]), seedOf([{ kind: 'NUMBER', data: { number: 9n } }])];
    const { taken } = knownOf({
      library: libraryOf(seeds),
      format: formats[0]!,
      calibration: {
        good: seeds.map(({ digest }) => ({ digest })),
        refused: [],
        broken: [],
        freshSave: undefined,
        unstable: [],
        recovers: true,
        growth: 0,
        peak: 0,
        muted: [],
        expect: {},
        stability: 1,
        typical: 0,
      },
      noise: [],
    });
    const path = 'records[0].data.number';
    assert.deepEqual([taken(path, 9n), taken(path, 7n), taken(path, 8n)], [true, true, false]);
  });
});
