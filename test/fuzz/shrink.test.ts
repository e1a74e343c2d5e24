import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';

import { formatById } from '../../src/formats/index.ts';
import { planArbitrary } from '../../src/fuzz/arbitrary.ts';
import { describePlan } from '../../src/fuzz/describe-plan.ts';
import type { Plan } from '../../src/fuzz/plan.ts';
import { Random } from '../../src/fuzz/random.ts';
import { randomPlan } from '../../src/fuzz/search-plan.ts';
import { libraryOf, skeletonOf, type Library } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import { child } from '../../src/layout/node.ts';
import { mutantOf, type Mutant } from './mutant.ts';

type Bug = readonly [format: string, name: string, triggered: (mutant: Mutant) => boolean];

const MAX64 = 0xffff_ffff_ffff_ffffn;
const above = (value: bigint | undefined, least: bigint): boolean =>
  value !== undefined && value >= least;

/** Bugs as restore code has them: of one value, of order and number, and of values that belong together. */
const planted: readonly Bug[] = [
  ['mtty', 'index past the FIFO', ({ at }) => above(at('port[0].head'), 16n)],
  ['mtty', 'version not compared', ({ at }) => at('minor_ver') === 1n],
  [
    'mtty',
    'refusal that is forgotten',
    ({ execution, at, bytes }) =>
      execution.onRefusal === 'go-on' && bytes.length === 60 && above(at('major_ver'), 2n),
  ],
  ['mlx5', 'empty image', ({ each }) => each('record_size').includes(0n)],
  ['mlx5', 'three images', ({ each }) => each('tag').filter((tag) => tag === 0n).length > 2],
  [
    'mlx5',
    'image before its size',
    ({ each }) => each('tag').indexOf(0n) < each('tag').indexOf(1n),
  ],
  ['qat', 'blob size wraps', ({ at }) => above(at('setup.size'), 0xffff_fff0n)],
  ['qat', 'preamble of no bytes', ({ at }) => at('state.preh_len') === 0n],
  [
    'qat',
    'registers one byte long',
    ({ at }) => at('state.sections[2].data[0].data[0].size') === 473n,
  ],
  [
    'qat',
    'leaf with children',
    ({ at }) =>
      above(at('setup.sections[0].data[0].sub_sects'), 1n) && above(at('setup.size'), 75n),
  ],
  [
    'xe',
    'offset and size wrap',
    ({ units }) =>
      units.some((unit) => {
        const [offset, size] = ['offset', 'size'].map((name) => child(unit, name)?.value);
        return typeof offset === 'bigint' && typeof size === 'bigint' && offset + size > MAX64;
      }),
  ],
  ['xe', 'key of no words', ({ at }) => at('data[0].len') === 0n || at('data[1].len') === 0n],
  [
    'spdk-nvme',
    'offset and length wrap',
    ({ at }) => above(at('qp_len'), 1n) && (at('qp_offset') ?? 0n) + (at('qp_len') ?? 0n) > MAX64,
  ],
  ['virtio', 'enabled is no switch', ({ at }) => above(at('data[4].value.enabled'), 2n)],
  [
    'virtio',
    'large queue that is enabled',
    ({ at }) => above(at('data[4].value.queue_size'), 32769n) && at('data[4].value.enabled') === 1n,
  ],
  [
    'gvt-g',
    'engine past the table',
    ({ each }) => each('data[0].ring_id').some((ring) => ring >= 8n),
  ],
  [
    'ice',
    'message at its largest',
    ({ at }) => at('state.virtchnl_msgs[0].message.msg_len') === 0xffffn,
  ],
  ['hisi-acc', 'one byte short', ({ bytes }) => bytes.length === 39],
  [
    'mlx5',
    'two values that have nothing to do with each other',
    ({ at }) => above(at('record_size'), 9n) && above(at('flags'), 2n),
  ],
];

const RUNS = 2;
const MOST_DRAWN = 30_000;

/** A failing plan with as much beside the point as a campaign leaves in it. */
const failing = (
  library: Library,
  random: Random,
  fails: (plan: Plan) => boolean,
): Plan | undefined => {
  for (let turn = 0; turn < MOST_DRAWN; turn += 1) {
    const drawn = randomPlan(random, library);
    let plan = turn % 2 === 0 ? drawn : randomPlan(random, library, drawn);
    if (!fails(plan)) continue;
    for (let more = 0; more < 4; more += 1) {
      const longer = randomPlan(random, library, plan);
      if (fails(longer)) plan = longer;
    }
    return plan;
  }
  return undefined;
};

describe('shrinking a plan', () => {
  it('ends at one edit, as a rule, and never asks for more than 2,000 executions', () => {
    const edits: number[] = [];
    const evaluations: number[] = [];
    for (const [id, name, triggered] of planted) {
      const format = formatById(id)!;
      const seed = skeletonOf(format, build(format.layout, format.sample).bytes);
      const library = libraryOf([seed]);
      const fails = (plan: Plan): boolean => {
        const mutant = mutantOf(library, seed, plan);
        return mutant !== undefined && triggered(mutant);
      };
      for (let run = 0; run < RUNS; run += 1) {
        const plan = failing(library, new Random(7).split(run), fails);
        assert.ok(plan !== undefined, `${id}: ${name} is found`);
        let count = 0;
        const property = fc.property(planArbitrary(library), (tried) => {
          count += 1;
          return !fails(tried);
        });
        const { counterexample } = fc.check(property, { examples: [[plan]], numRuns: 1 });
        const least = counterexample![0]!;
        assert.ok(fails(least), name);
        assert.equal(describePlan(library, least).length, least.edits.length);
        edits.push(least.edits.length);
        evaluations.push(count);
      }
    }
    edits.sort((one, other) => one - other);
    assert.equal(edits[edits.length >> 1], 1);
    assert.ok(edits[Math.floor(edits.length * 0.95)]! <= 3, edits.join(' '));
    assert.ok(Math.max(...evaluations) <= 2000, evaluations.join(' '));
  });

  it('finds the mildest value that fails', () => {
    const format = formatById('spdk-nvme')!;
    const seed = skeletonOf(format, build(format.layout, format.sample).bytes);
    const library = libraryOf([seed]);
    const plan: Plan = {
      seed: seed.digest,
      edits: [
        { kind: 'set', field: 'qp_len', value: 0xffff_0000_1234n },
        { kind: 'set', field: 'version', value: 9n },
        { kind: 'repeat', field: 'qps[1]', times: 3 },
      ],
      repair: { kind: 'none' },
      session: { cuts: { kind: 'every', size: 64 }, onRefusal: 'go-on', shape: 'twice' },
    };
    const property = fc.property(planArbitrary(library), (tried) => {
      const mutant = mutantOf(library, seed, tried);
      return !above(mutant?.at('qp_len'), 0x1_2345n);
    });
    const { counterexample } = fc.check(property, { examples: [[plan]], numRuns: 1 });
    assert.deepEqual(counterexample?.[0], {
      seed: seed.digest,
      edits: [{ kind: 'set', field: 'qp_len', value: 0x1_2345n }],
      repair: { kind: 'all' },
      session: { cuts: { kind: 'whole' }, onRefusal: 'stop', shape: 'plain' },
    });
  });
});
