import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { formats } from '../../src/formats/index.ts';
import { applyPlan } from '../../src/fuzz/apply.ts';
import { aflDictionary, dictionaryOf } from '../../src/fuzz/dictionary.ts';
import { draftSeeds } from '../../src/fuzz/draft-seeds.ts';
import { planToJson } from '../../src/fuzz/plan-json.ts';
import { Random } from '../../src/fuzz/random.ts';
import { libraryOf } from '../../src/fuzz/skeleton.ts';
import { systematic } from '../../src/fuzz/systematic.ts';
import { nameOf } from '../../src/layout/node.ts';
import { digitsOf } from '../layout/support.ts';
import { structureFaults } from './mutant.ts';
import { entries } from './seeds.ts';

const abilities = { session: true, save: true, run: true, reset: true };

describe('the systematic gear', () => {
  it('gives each number its own plan, and each plan fits', () => {
    const { skeleton } = entries.find(({ name }) => name === 'mlx5/sample')!;
    const library = libraryOf([skeleton]);
    const gear = systematic(skeleton, abilities);
    const plans = new Set<string>();
    for (let index = 0; index < gear.total; index += 1) {
      const plan = gear.at(index);
      plans.add(JSON.stringify(planToJson(plan)));
      assert.ok(applyPlan(library, plan) !== undefined, `plan ${index}`);
    }
    // Mutators of two roles may propose the same value for one field.
    assert.ok(plans.size > 0.8 * gear.total, `${plans.size} of ${gear.total}`);
    assert.throws(() => gear.at(gear.total), RangeError);
    assert.throws(() => gear.at(-1), RangeError);
  });

  it('comes to every field in its first cut, and to every boundary again with each', () => {
    const { skeleton } = entries.find(({ name }) => name === 'mtty/sample')!;
    const gear = systematic(skeleton, abilities);
    const cells = Array.from({ length: gear.total }, (_, index) => gear.cellOf(index));
    const plain = cells.filter(({ session }) => session === 0);
    const sessions = new Set(cells.map(({ session }) => session)).size;
    assert.equal(plain.length * sessions, gear.total);
    const numbers = skeleton.parts.filter(({ value }) => typeof value === 'bigint');
    const fields = new Set(plain.map(({ field }) => field));
    assert.deepEqual(
      numbers.filter(({ path }) => !fields.has(path)),
      [],
    );
  });

  it('does without sessions where a target has none', () => {
    const { skeleton } = entries.find(({ name }) => name === 'mtty/sample')!;
    const whole = systematic(skeleton, { ...abilities, session: false });
    const all = systematic(skeleton, abilities);
    assert.ok(whole.total < all.total);
    assert.equal(whole.at(whole.total - 1).session.shape, 'plain');
  });
});

describe('seeds from a layout', () => {
  it.each(formats.map((format) => [format.id, format] as const))(
    '%s: hang together',
    (_, format) => {
      const seeds = draftSeeds(format);
      assert.ok(seeds.length >= 1);
      for (const { bytes } of seeds.slice(1)) {
        assert.deepEqual(structureFaults(format.layout, bytes), []);
      }
    },
  );

  it('hold each kind of record that a layout names', () => {
    for (const [id, path] of [
      ['mlx5', /^record\[\d+\]\.tag$/u],
      ['xe', /^packet\[\d+\]\.type$/u],
      ['virtio', /^record\[\d+\]\.data\[\d+\]\.part_type$/u],
      ['gvt-g', /^region\[\d+\]\.type$/u],
    ] as const) {
      const seeds = draftSeeds(formats.find((format) => format.id === id)!);
      const parts = seeds.flatMap((seed) => seed.parts.filter((part) => path.test(part.path)));
      const layout = parts[0]!.layout;
      const names =
        layout !== 'gap' && layout.kind === 'uint' ? Object.keys(layout.names ?? {}) : [];
      const seen = parts.map((part) => nameOf(part.layout, BigInt(part.value ?? 0)));
      assert.deepEqual(
        names.filter((name) => !seen.includes(name)),
        [],
        id,
      );
      assert.ok(seen.includes(undefined), `${id}: a kind that nobody knows`);
    }
  });
});

describe('a dictionary', () => {
  it('has the words that a reader compares with, as AFL++ reads them', () => {
    const words = dictionaryOf(formats.find(({ id }) => id === 'qat')!.layout);
    const digits = words.map((word) => digitsOf(word));
    assert.ok(digits.includes('eacaf5ad'));
    assert.ok(digits.includes(Buffer.from('ETRBAR').toString('hex')));
    for (const line of aflDictionary(words).trimEnd().split('\n')) {
      assert.match(line, /^"(?:\\x[0-9a-f]{2})+"$/u);
    }
  });
});

describe('random numbers', () => {
  it('are the same for the same keys, whatever was drawn before', () => {
    const one = new Random(1);
    const draw = (random: Random) => Array.from({ length: 8 }, () => random.next());
    const before = draw(one.split(4, 2));
    draw(one);
    assert.deepEqual(draw(one.split(4, 2)), before);
    const others = [one.split(4, 3), one.split(2, 4), new Random(2).split(4, 2)].map((random) =>
      draw(random),
    );
    for (const other of others) assert.notDeepEqual(other, before);
  });

  it('are spread evenly', () => {
    const random = new Random(3);
    const counts = new Array<number>(10).fill(0);
    for (let turn = 0; turn < 100_000; turn += 1) counts[random.below(10)]! += 1;
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, counts.join(' '));
  });
});
