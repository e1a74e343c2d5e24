import type { Comparison } from '../targets/target.ts';
import { bytesOf } from '../targets/target.ts';
import type { Lab, Seen } from './lab.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { randomPlan } from './search-plan.ts';
import { Grammar } from './grammar.ts';
import { resultDigest } from './result-digest.ts';
import { RETRIED, Walls } from './walls.ts';
import type { Find, Job, Novel, Parent, Report, Update } from './work.ts';

/** One in so many plans is looked at by the oracles that need a second execution. */
const SAMPLED = 64;
/** Executions of that kind, as a share of the batch. */
const PROBED = 16;
const MOST_OPERANDS = 64;

/** A batch whose plans are made; it waits for the target. */
export interface Prepared {
  readonly job: Job;
  readonly applied: ReturnType<Lab['apply']>;
  readonly drawn: readonly number[];
  readonly stepped: Readonly<Record<string, number>>;
}

/** Makes the plans of batches, runs them, and tells what is new in them. */
export class Bench {
  readonly #lab: Lab;
  readonly #random: Random;
  readonly #grammar: Grammar;
  readonly #dictionary: readonly Uint8Array[];
  readonly #entries: Parent[] = [];
  readonly #signatures = new Set<number>();
  readonly #walls = new Walls();
  #sums = new Float64Array(0);

  constructor(lab: Lab, seed: number, dictionary: readonly Uint8Array[]) {
    this.#lab = lab;
    this.#random = new Random(seed);
    this.#grammar = new Grammar(lab.options.library, lab.options.target.abilities);
    this.#dictionary = dictionary;
  }

  learn({ entries, weights, features, signatures, judged, walls }: Update): void {
    this.#entries.push(...entries);
    let sum = 0;
    this.#sums = weights.map((weight) => (sum += weight));
    if (features.length > 0) this.#lab.options.target.know?.(features);
    for (const signature of signatures) this.#signatures.add(signature);
    this.#lab.learn(judged);
    this.#walls.add(walls);
  }

  /** Makes the plans of a batch: work for this process alone, while the target is busy. */
  prepare(job: Job): Prepared {
    const random = this.#random.split(job.round, job.batch);
    const drawn: number[] = [];
    const stepped: Record<string, number> = {};
    const plans: Plan[] = [];
    const around = (plan: Plan): boolean => {
      const wall = this.#walls.before(plan);
      if (wall === undefined || random.oneIn(RETRIED)) return false;
      stepped[wall.id] = (stepped[wall.id] ?? 0) + 1;
      return true;
    };
    for (const { seed, from, to } of job.systematic) {
      for (let place = from; place < to; place += 1) {
        const plan = this.#grammar.at(seed, place);
        if (plan === undefined) break;
        if (!around(plan)) plans.push(plan);
      }
    }
    for (let turn = 0; turn < job.search; turn += 1) {
      for (let tries = 0; tries < 4; tries += 1) {
        const plan = this.#draw(random, drawn);
        if (around(plan) && tries < 3) continue;
        plans.push(plan);
        break;
      }
    }
    return { job, applied: this.#lab.apply(plans), drawn, stepped };
  }

  async run({ job, applied, drawn, stepped }: Prepared, signal: AbortSignal): Promise<Report> {
    const seen = await this.#lab.run(applied, signal);
    const tally = tallyOf(seen);
    const { known, options } = this.#lab;
    const exactGrowth = options.target.abilities.exactGrowth === true;
    const fresh = new Set<number>();
    const novel: Seen[] = [];
    const looked: Seen[] = [];
    const most = Math.max(4, Math.ceil(seen.length / PROBED));
    for (const one of seen) {
      const { kind } = one.result.outcome;
      if (kind === 'unavailable') continue;
      const isNew = !this.#signatures.has(one.signature) && !fresh.has(one.signature);
      if (isNew) fresh.add(one.signature);
      if (isNew || one.result.features.length > 0) novel.push(one);
      const sampled = one.alike % SAMPLED === 0;
      const grows = exactGrowth && one.result.growth > known.growth;
      if ((isNew || grows || sampled) && looked.length < most) looked.push(one);
    }
    const probed = await this.#lab.probe(looked, signal);
    const again = new Map(looked.map((one, index) => [one, probed.seen[index] ?? one]));
    const operands = await this.#operandsOf(novel, signal);
    return {
      batch: job.batch,
      ...tally,
      extra: probed.executions + operands.executions,
      novel: novel.map((one, index) => novelOf(one, operands.of[index] ?? [])),
      finds: findsOf(seen.map((one) => again.get(one) ?? one)),
      judged: this.#lab.takeAsked(),
      drawn,
      stepped,
    };
  }

  /** A plan from the seeds, or from an entry by its weight. */
  #draw(random: Random, drawn: number[]): Plan {
    const { library, target } = this.#lab.options;
    const total = this.#sums.at(-1) ?? 0;
    if (total === 0 || random.oneIn(4)) {
      const hints = { dictionary: this.#dictionary, operands: [] };
      return randomPlan(random, library, undefined, hints, target.abilities);
    }
    const place = placeOf(this.#sums, (random.next() / 0x1_0000_0000) * total);
    const parent = this.#entries[place];
    drawn.push(place);
    const hints = { dictionary: this.#dictionary, operands: parent?.operands ?? [] };
    return randomPlan(random, library, parent?.plan, hints, target.abilities);
  }

  /** Runs what showed something new once more, for the operands that it compared. */
  async #operandsOf(
    novel: readonly Seen[],
    signal: AbortSignal,
  ): Promise<{ readonly of: readonly (readonly Comparison[])[]; readonly executions: number }> {
    const { target } = this.#lab.options;
    if (!target.abilities.comparisons || novel.length === 0) return { of: [], executions: 0 };
    const executions = novel.map(({ execution }) => ({ ...execution, comparisons: true as const }));
    const results = await target.run(executions, signal);
    const of = results.map(({ comparisons }) => comparisons.slice(0, MOST_OPERANDS));
    return { of, executions: executions.length };
  }
}

const novelOf = (
  { plan, execution, result, signature }: Seen,
  operands: readonly Comparison[],
): Novel => ({
  plan,
  bytes: execution.inputs[0] === undefined ? new Uint8Array(0) : bytesOf(execution.inputs[0]),
  features: result.features,
  signature,
  operands,
  outcome: result.outcome.kind,
});

/** The first place whose running sum lies above a number. */
const placeOf = (sums: Float64Array, wanted: number): number => {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? Infinity) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
};

const tallyOf = (
  seen: readonly Seen[],
): Pick<
  Report,
  'executions' | 'digest' | 'outcomes' | 'unavailable' | 'reason' | 'signatures' | 'nanoseconds'
> => {
  const outcomes: Record<string, number> = {};
  const signatures = new Map<number, number>();
  let unavailable = 0;
  let reason: string | undefined;
  let nanoseconds = 0;
  let digest: readonly [number, number] = [0, 0];
  for (const { alike, result, signature } of seen) {
    const { outcome } = result;
    outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
    if (outcome.kind === 'unavailable') {
      unavailable += 1;
      reason ??= outcome.reason;
      continue;
    }
    nanoseconds += result.nanoseconds;
    signatures.set(signature, (signatures.get(signature) ?? 0) + 1);
    digest = resultDigest(digest, alike, result);
  }
  return {
    executions: seen.length - unavailable,
    digest,
    outcomes,
    unavailable,
    reason,
    signatures: [...signatures],
    nanoseconds,
  };
};

const findsOf = (seen: readonly Seen[]): Report['finds'] => {
  const told = new Map<string, { -readonly [Key in keyof Find]: Find[Key] }>();
  for (const { plan, alike, result, witnesses } of seen) {
    for (const { oracle, violation } of witnesses) {
      const key = `${oracle.id} ${violation.bucket} ${alike}`;
      const same = told.get(key);
      if (same === undefined) {
        const kept = { ...result, saves: [], features: new Uint32Array(0), comparisons: [] };
        const { nanoseconds } = result;
        told.set(key, { plan, oracle: oracle.id, violation, result: kept, count: 1, nanoseconds });
      } else {
        same.count += 1;
        same.nanoseconds += result.nanoseconds;
      }
    }
  }
  return [...told.values()];
};
