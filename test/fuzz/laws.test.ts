import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';

import { applyPlan } from '../../src/fuzz/apply.ts';
import { planArbitrary } from '../../src/fuzz/arbitrary.ts';
import { describePlan, describeSession } from '../../src/fuzz/describe-plan.ts';
import { planFromJson, planToJson } from '../../src/fuzz/plan-json.ts';
import { plainSession, type Edit, type Repair } from '../../src/fuzz/plan.ts';
import { libraryOf, type Part, type Skeleton } from '../../src/fuzz/skeleton.ts';
import { bytesOf, lengthOf } from '../../src/targets/target.ts';
import { digitsOf } from '../layout/support.ts';
import { structureFaults } from './mutant.ts';
import { entries } from './seeds.ts';

const all: Repair = { kind: 'all' };
const small = entries.filter(({ skeleton }) => skeleton.bytes.length <= 1 << 13);
const library = libraryOf(small.map(({ skeleton }) => skeleton));
const anyPlan = planArbitrary(library);

const mutantBytes = (seed: Skeleton, edits: readonly Edit[], repair = all): Uint8Array => {
  const plan = { seed: seed.digest, edits, repair, session: plainSession };
  return bytesOf(applyPlan(libraryOf([seed]), plan)!.inputs[0]!);
};

describe('a skeleton', () => {
  it('tiles the seed with leaves whose paths are unique, for sound and damaged entries', () => {
    for (const { name, skeleton } of entries) {
      let at = 0;
      for (const { start, length, children } of skeleton.parts) {
        if (children.length > 0) continue;
        assert.equal(start, at, name);
        at += length;
      }
      assert.equal(at, skeleton.bytes.length, name);
      assert.equal(skeleton.byPath.size, skeleton.parts.length, name);
    }
  });
});

describe('plans', () => {
  it('give the same execution every time', () =>
    fc.assert(
      fc.property(anyPlan, (plan) => {
        assert.deepEqual(applyPlan(library, plan), applyPlan(library, plan));
      }),
      { numRuns: 100 },
    ));

  it('give splices that ascend, lie in the seed, and are written once each', () =>
    fc.assert(
      fc.property(anyPlan, (plan) => {
        for (const input of applyPlan(library, plan)?.inputs ?? []) {
          let reach = -1;
          for (const { at, drop } of input.splices) {
            assert.ok(at > reach && at + drop <= input.base.length);
            reach = Math.max(at + drop - 1, at);
          }
          assert.equal(bytesOf(input).length, lengthOf(input));
        }
      }),
      { numRuns: 500 },
    ));

  it('stay what they are through JSON', () =>
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const text = JSON.stringify(planToJson(plan));
        assert.deepEqual(planFromJson(JSON.parse(text) as unknown), plan);
      }),
      { numRuns: 500 },
    ));

  it('are described, each edit by a row', () =>
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const rows = describePlan(library, plan);
        assert.equal(rows.length, plan.edits.length);
        for (const { what } of rows) assert.ok(what.length > 0 && what.length < 1000);
        assert.equal(typeof describeSession(plan.session), 'string');
      }),
      { numRuns: 200 },
    ));

  it('are not read from JSON that says something else', () => {
    const good = { seed: 's', edits: [], repair: all, session: plainSession };
    assert.ok(planFromJson(good) !== undefined);
    const edit = (value: unknown) => ({ ...good, edits: [value] });
    const bad: unknown[] = [
      undefined,
      null,
      7,
      [],
      {},
      { ...good, seed: 1 },
      { ...good, repair: { kind: 'some' } },
      { ...good, session: { ...plainSession, shape: 'thrice' } },
      { ...good, session: { ...plainSession, cuts: { kind: 'every', size: -1 } } },
      edit({ kind: 'set', field: 'a', value: 18 }),
      edit({ kind: 'set', field: 'a', value: '0x12' }),
      edit({ kind: 'set', field: 'a', value: '9'.repeat(1000) }),
      edit({ kind: 'bytes', field: 'a', bytes: 'abc' }),
      edit({ kind: 'bytes', field: 'a', bytes: 'zz' }),
      edit({ kind: 'resize', field: 'a', size: 1.5 }),
      edit({ kind: 'resize', field: 'a', size: 2 ** 60 }),
      edit({ kind: 'swap', field: 'a' }),
      edit({ kind: 'splice', field: 'a', place: 'behind', from: 'x', part: 'y' }),
      edit({ kind: 'raw', at: -1, drop: 0, put: '' }),
      edit({ kind: 'explode', field: 'a' }),
      edit({ kind: 'build', field: 'a', place: 'before', draft: null }),
      { ...good, edits: new Array(5000).fill({ kind: 'drop', field: 'a' }) },
    ];
    for (const value of bad) assert.equal(planFromJson(value), undefined, JSON.stringify(value));
    let deep: unknown = 1;
    for (let turn = 0; turn < 1000; turn += 1) deep = [deep];
    const nested = edit({ kind: 'build', field: 'a', place: 'before', draft: deep });
    assert.equal(planFromJson(nested), undefined);
  });

  it('set one number and nothing else', () => {
    const numbers = small.flatMap(({ skeleton }) =>
      skeleton.parts.flatMap((part) =>
        typeof part.value === 'bigint' ? [{ skeleton, part }] : [],
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...numbers),
        fc.bigInt(0n, (1n << 64n) - 1n),
        ({ skeleton, part }, value) => {
          const made = mutantBytes(skeleton, [{ kind: 'set', field: part.path, value }]);
          const end = part.start + part.length;
          const little = part.layout !== 'gap' && part.layout.kind === 'uint' && part.layout.little;
          const digits = BigInt.asUintN(8 * part.length, value)
            .toString(16)
            .padStart(2 * part.length, '0');
          const slot = Buffer.from(digits, 'hex');
          if (little) slot.reverse();
          const wanted = Buffer.concat([
            skeleton.bytes.subarray(0, part.start),
            slot,
            skeleton.bytes.subarray(end),
          ]);
          assert.equal(digitsOf(made), wanted.toString('hex'));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keep lengths, counts and offsets right when payloads and lists change', () => {
    const sound = small.filter(
      ({ sound: good, skeleton }) =>
        good && structureFaults(skeleton.format.layout, skeleton.bytes).length === 0,
    );
    const places = sound.flatMap(({ skeleton }) =>
      skeleton.parts.filter(isFree).map((part) => ({ skeleton, part })),
    );
    assert.ok(places.length > 200);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...places), { minLength: 1, maxLength: 3 }),
        fc.nat(40),
        (chosen, size) => {
          const { skeleton } = chosen[0]!;
          const parts = chosen.filter((each) => each.skeleton === skeleton);
          const edits = parts.map(({ part }) => editOf(part, size));
          const made = mutantBytes(skeleton, edits);
          const words = edits.map((edit) => JSON.stringify(edit)).join();
          assert.deepEqual(structureFaults(skeleton.format.layout, made), [], words);
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** Whether a part may be of any size, or stand any number of times, when what measures it follows. */
const isFree = (part: Part): boolean => {
  const { layout, parent } = part;
  if (layout === 'gap' || !isMeasured(part)) return false;
  if (part.element) return parent?.measuredBy.some(({ kind }) => kind === 'count') ?? false;
  return layout.kind === 'bytes' && layout.size === undefined && part.measuredBy.length > 0;
};

/** Whether some number follows each part around that would otherwise be of a fixed size. */
const isMeasured = (part: Part): boolean => {
  const { layout } = part;
  return layout !== 'gap' && part.measuredBy.every(({ field }) => field.index < part.index);
};

const editOf = (part: Part, size: number): Edit => {
  if (part.element) return { kind: 'repeat', field: part.path, times: 1 + (size % 3) };
  const unit = part.measuredBy[0]?.divide ?? 1;
  return { kind: 'resize', field: part.path, size: size * unit };
};
