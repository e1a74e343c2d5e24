import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { mlx5 } from '../../src/formats/mlx5.ts';
import { applyPlan } from '../../src/fuzz/apply.ts';
import { plainSession, type Cuts, type Edit, type SessionPlan } from '../../src/fuzz/plan.ts';
import { libraryOf, skeletonOf } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import type { Step } from '../../src/targets/target.ts';

const sized = (data: number) => [{ tag: 'FW_DATA', data: new Uint8Array(data) }];
const seed = skeletonOf(mlx5, build(mlx5.layout, [...sized(4), ...sized(8)]).bytes);
const other = skeletonOf(mlx5, build(mlx5.layout, sized(4)).bytes);
const library = libraryOf([seed, other]);

const stepsFor = (
  session: Partial<SessionPlan>,
  edits: readonly Edit[] = [],
  abilities = everything,
): string => {
  const plan = {
    seed: seed.digest,
    edits,
    repair: { kind: 'all' as const },
    session: { ...plainSession, ...session },
  };
  return applyPlan(library, plan, abilities)!.steps.map(wordOf).join(' ');
};

const everything = { session: true, save: true, run: true, reset: true };
const wordOf = (step: Step): string =>
  step.do === 'write' ? `${step.length}` : step.do === 'input' ? `input:${step.input}` : step.do;

describe('the session of a plan', () => {
  it('cuts the state into writes', () => {
    const cases: [Cuts, string][] = [
      [{ kind: 'whole' }, '44'],
      [{ kind: 'every', size: 16 }, '16 16 12'],
      [{ kind: 'every', size: 22 }, '22 22'],
      [{ kind: 'headers', before: 0 }, '20 24'],
      [{ kind: 'headers', before: 1 }, '19 25'],
      [{ kind: 'headers', before: -3 }, '23 21'],
      [{ kind: 'at', offset: 7 }, '7 37'],
      [{ kind: 'at', offset: 0 }, '0 44'],
      [{ kind: 'at', offset: 900 }, '44 0'],
    ];
    for (const [cuts, writes] of cases) assert.equal(stepsFor({ cuts }), `begin ${writes} end run`);
  });

  it('finds the headers where the edits have moved them', () => {
    const cuts: Cuts = { kind: 'headers', before: 0 };
    const longer: Edit = { kind: 'resize', field: 'record[0].data', size: 10 };
    assert.equal(stepsFor({ cuts }, [longer]), 'begin 26 24 end run');
  });

  it('writes no more than 4096 times', () => {
    const many: Edit = { kind: 'resize', field: 'record[0].data', size: 10_000 };
    const writes = stepsFor({ cuts: { kind: 'every', size: 1 } }, [many])
      .split(' ')
      .slice(1, -2);
    assert.equal(writes.length, 4096);
    assert.equal(
      writes.reduce((sum, word) => sum + Number(word), 0),
      10_040,
    );
  });

  it('takes the shapes that a feeder may give it', () => {
    const cases: [Partial<SessionPlan>, string][] = [
      [{ shape: 'leave-early', leaveAt: 16 }, 'begin 16 end run'],
      [
        { shape: 'leave-early', leaveAt: 21, cuts: { kind: 'headers', before: 0 } },
        'begin 20 24 end run',
      ],
      [{ shape: 'reset-between' }, 'begin 22 reset input:1 begin 44 end run save'],
      [{ shape: 'reset-behind' }, 'begin 44 end run reset run input:1 begin 44 end run save'],
      [{ shape: 'cancel-then-good' }, 'begin 22 end input:1 begin 44 end run save'],
      [{ shape: 'twice' }, 'begin 44 end save input:0 begin 44 end save run'],
      [{ shape: 'then-good' }, 'begin 44 end input:1 begin 44 end run save'],
      [{ shape: 'good-then' }, 'input:1 begin 44 end save input:0 begin 44 end save run'],
      [{ shape: 'save-restore-save' }, 'begin 44 end save input:saved begin 1048576 end save'],
    ];
    for (const [session, steps] of cases) assert.equal(stepsFor(session), steps);
  });

  it('takes another seed as the good state where the plan says so', () => {
    const session: Partial<SessionPlan> = { shape: 'good-then', good: other.digest };
    assert.equal(stepsFor(session), 'input:1 begin 20 end save input:0 begin 44 end save run');
    const lost = { ...plainSession, good: 'of nobody' };
    const plan = { seed: seed.digest, edits: [], repair: { kind: 'all' as const }, session: lost };
    assert.equal(applyPlan(library, plan), undefined);
  });

  it('leaves out what a target is not able to do', () => {
    const abilities = { session: true, save: false, run: false, reset: false };
    assert.equal(
      stepsFor({ shape: 'then-good' }, [], abilities),
      'begin 44 end input:1 begin 44 end',
    );
    assert.equal(stepsFor({ shape: 'save-restore-save' }, [], abilities), 'begin 44 end');
  });
});
