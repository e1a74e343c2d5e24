import type { Format } from '../formats/format.ts';
import type { Execution, Input, Result, Target } from '../targets/target.ts';
import { lengthOf, bytesOf } from '../targets/target.ts';
import { applyPlan } from './apply.ts';
import type { Calibration } from './calibration.ts';
import { mix, planClass } from './edit-class.ts';
import { knownOf } from './known.ts';
import { opinions, type Opinion } from './opinion.ts';
import { oracles as everyOracle } from './oracles/index.ts';
import { canAsk, type Known, type Oracle, type Subject, type Violation } from './oracles/oracle.ts';
import type { Plan } from './plan.ts';
import { planKey, type Watch } from './watch.ts';
import { outcomeSignature, slowness } from './signature.ts';
import type { Library } from './skeleton.ts';
import { traceOf, type Trace } from './trace.ts';

/** An oracle's word on an execution, with who said it. */
export interface Witness {
  readonly oracle: Oracle;
  readonly violation: Violation;
}

/** A plan, and what it does to the target. */
export interface Applied {
  readonly plan: Plan;
  readonly execution: Execution;
  /** The same for plans that are alike: see `planClass`. */
  readonly alike: number;
}

/** What came of one plan. */
export interface Seen extends Applied {
  readonly result: Result;
  readonly signature: number;
  readonly witnesses: readonly Witness[];
}

export interface LabOptions {
  readonly target: Target;
  readonly against?: Target;
  readonly library: Library;
  readonly format: Format;
  readonly calibration: Calibration;
  /** Fields of saves that change by themselves, as the user knows them. */
  readonly noise: readonly string[];
  /** Only these; all where it is left out. */
  readonly oracles?: readonly Oracle[];
  /** Keeps a record of what is under way, where that may be the last thing that happens. */
  readonly watch?: Watch;
}

/** Classes of plans that the rules have been asked about; a campaign forgets what lies beyond. */
export const MOST_JUDGED = 1 << 18;
/** Of the classes beyond, the rules are asked about one in so many: most of a long campaign is new to them. */
const BEYOND = 16;

/** A target on the bench: plans go in, and what the oracles say of their executions comes out. */
export class Lab {
  readonly options: LabOptions;
  readonly known: Known;
  readonly #oracles: readonly Oracle[];
  readonly #opine: (bytes: Uint8Array) => Opinion;
  readonly #typical: number;
  /** Classes of plans that the rules have been asked about, as they were known when the round began. */
  readonly #judged = new Set<number>();
  #crowded = false;
  /** Those of this batch; no other batch sees them, because which one runs here is chance. */
  readonly #asked = new Set<number>();

  constructor(options: LabOptions) {
    const { target, calibration, format } = options;
    this.options = options;
    this.known = knownOf(options);
    this.#oracles = (options.oracles ?? everyOracle).filter((one) => canAsk(one, target.abilities));
    this.#opine = opinions({
      format,
      expect: calibration.expect,
      muted: new Set(calibration.muted),
    });
    this.#typical = target.abilities.coverage ? Infinity : calibration.typical;
  }

  /** What plans come to, without running them; those that do not fit are left out. */
  apply(plans: readonly Plan[]): readonly Applied[] {
    const { library, target, watch } = this.options;
    const applied: Applied[] = [];
    for (const plan of plans) {
      if (watch?.fatal.has(planKey(plan)) === true) continue;
      const execution = applyPlan(library, plan, target.abilities);
      if (execution === undefined) continue;
      applied.push({ plan, execution, alike: planClass(plan) });
    }
    return applied;
  }

  /**
   * Runs plans in order and asks the oracles that need nothing else. With `thorough` the rules are
   * asked about each of them, not only about the first of a class.
   */
  async run(
    applied: readonly Applied[],
    signal: AbortSignal,
    thorough = false,
  ): Promise<readonly Seen[]> {
    const { against } = this.options;
    const executions = applied.map(({ execution }) => execution);
    const [results, others] = await Promise.all([
      this.#execute(applied, signal),
      against?.run(executions, signal),
    ]);
    const slow = await this.#slowOf(applied, results, signal);
    const seen: Seen[] = [];
    for (const [index, one] of applied.entries()) {
      const result = results[index];
      if (result === undefined) break;
      const against = others?.[index];
      seen.push(this.#look(one, result, against, slow.get(index) ?? 0, thorough));
    }
    return seen;
  }

  /** All at once, or one after the other where each has to be on record before it begins. */
  async #execute(
    planned: readonly Pick<Applied, 'plan' | 'execution'>[],
    signal: AbortSignal,
  ): Promise<readonly Result[]> {
    const { target, watch } = this.options;
    if (watch === undefined) {
      return target.run(
        planned.map(({ execution }) => execution),
        signal,
      );
    }
    const results: Result[] = [];
    for (const { plan, execution } of planned) {
      watch.begins(plan);
      results.push(...(await target.run([execution], signal)));
      watch.ended();
    }
    return results;
  }

  /** Executions that took very long, twice: once may have been the machine. */
  async #slowOf(
    applied: readonly Applied[],
    results: readonly Result[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, number>> {
    if (this.#typical === Infinity) return new Map();
    const slow = results.flatMap(({ outcome, nanoseconds }, index) =>
      outcome.kind !== 'hung' && slowness(nanoseconds, this.#typical) > 0 ? [index] : [],
    );
    if (slow.length === 0) return new Map();
    const again = slow.flatMap((index) => applied[index] ?? []);
    const second = await this.#execute(again, signal);
    return new Map(
      slow.map((index, place) => {
        const first = slowness(results[index]?.nanoseconds ?? 0, this.#typical);
        return [index, Math.min(first, slowness(second[place]?.nanoseconds ?? 0, this.#typical))];
      }),
    );
  }

  /** Asks the oracles that want to see another execution beside the one that was seen. */
  async probe(
    seen: readonly Seen[],
    signal: AbortSignal,
    only?: string,
  ): Promise<{ readonly seen: readonly Seen[]; readonly executions: number }> {
    const wanted: { seen: Seen; oracle: Oracle; subject: Subject; execution: Execution }[] = [];
    for (const one of seen) {
      for (const oracle of this.#oracles) {
        if (oracle.companion === undefined || (only !== undefined && oracle.id !== only)) continue;
        const subject = this.#subject(one, one.result, undefined, true);
        const execution = oracle.companion(subject);
        if (execution !== undefined) wanted.push({ seen: one, oracle, subject, execution });
      }
    }
    if (wanted.length === 0) return { seen, executions: 0 };
    const results = await this.#execute(
      wanted.map(({ seen: { plan }, execution }) => ({ plan, execution })),
      signal,
    );
    const added = new Map<Seen, Witness[]>();
    for (const [index, { seen: one, oracle, subject }] of wanted.entries()) {
      const violation = oracle.judge(subject, results[index]);
      if (violation === undefined) continue;
      added.set(one, [...(added.get(one) ?? []), { oracle, violation }]);
    }
    return {
      seen: seen.map((one) => {
        const more = added.get(one) ?? [];
        return more.length === 0 ? one : { ...one, witnesses: [...one.witnesses, ...more] };
      }),
      executions: wanted.length,
    };
  }

  /** Runs plans and asks every oracle all it can say; for what has been found already. */
  async examine(
    plans: readonly Plan[],
    signal: AbortSignal,
    only?: string,
  ): Promise<readonly Seen[]> {
    const seen = await this.run(this.apply(plans), signal, true);
    return (await this.probe(seen, signal, only)).seen;
  }

  /** Notes classes that the rules were asked about elsewhere. */
  learn(judged: Uint32Array): void {
    for (const key of judged) this.#judged.add(key);
    this.#crowded = this.#judged.size >= MOST_JUDGED;
  }

  /** Whether a class is none of those that the rules are still asked about. The high bits are mixed best. */
  #isBeyond(one: number): boolean {
    return this.#crowded && (one >>> 16) % BEYOND !== 0;
  }

  /** Classes of plans that the rules were asked about since the last call. */
  takeAsked(): readonly number[] {
    const asked = [...this.#asked];
    this.#asked.clear();
    return asked;
  }

  #look(
    applied: Applied,
    result: Result,
    against: Result | undefined,
    slow: number,
    thorough: boolean,
  ): Seen {
    const signature = outcomeSignature(result, slow);
    const { plan, execution, alike } = applied;
    const seen = { plan, execution, alike, result, signature };
    const { kind } = result.outcome;
    if (kind === 'unavailable') return { ...seen, witnesses: nobody };
    const ended = kind === 'accepted' || kind === 'rejected';
    // Most executions are a plain restore of which the rules have seen the like.
    if (ended && !thorough && against === undefined && plan.session.shape === 'plain') {
      const growing = Math.max(result.growth, result.peak) > QUIET_GROWTH;
      const one = classOf(alike, kind);
      const known = this.#knows(one) || this.#isBeyond(one);
      if (!growing && plan.session.onRefusal === 'stop' && known) {
        return { ...seen, witnesses: nobody };
      }
    }
    const subject = this.#subject(applied, result, against, thorough);
    const witnesses: Witness[] = [];
    for (const oracle of this.#oracles) {
      const violation = oracle.judge(subject);
      if (violation !== undefined) witnesses.push({ oracle, violation });
    }
    if (ended && !thorough) this.#ask(classOf(alike, kind));
    return { ...seen, witnesses };
  }

  #subject(
    { plan, execution, alike }: Applied,
    result: Result,
    against: Result | undefined,
    thorough: boolean,
  ): Subject {
    let trace: Trace | undefined;
    const given = new Map<Input, Map<number, Opinion | undefined>>();
    return {
      plan,
      execution,
      result,
      known: this.known,
      ...(against === undefined ? {} : { against }),
      get trace() {
        return (trace ??= traceOf(execution, result));
      },
      opinionOf: (input, length) => {
        const before = given.get(input) ?? new Map<number, Opinion | undefined>();
        given.set(input, before);
        if (before.has(length)) return before.get(length);
        const opinion = this.#opinion(alike, input, length, result.outcome.kind, thorough);
        before.set(length, opinion);
        return opinion;
      },
    };
  }

  #opinion(
    alike: number,
    input: Input,
    length: number,
    outcome: string,
    thorough: boolean,
  ): Opinion | undefined {
    const whole = length >= lengthOf(input);
    if (!thorough) {
      const edited = input.splices.length > 0 ? classOf(alike, outcome) : 0;
      const key = mix(mix(edited, whole ? 0 : 1 + Math.clz32(length)), ASKED) >>> 0;
      if (this.#knows(key) || this.#isBeyond(edited)) return undefined;
      this.#ask(key);
    }
    const bytes = bytesOf(input);
    return this.#opine(whole ? bytes : bytes.subarray(0, length));
  }

  #knows(key: number): boolean {
    return this.#judged.has(key) || this.#asked.has(key);
  }

  #ask(key: number): void {
    if (!this.#crowded && !this.#judged.has(key)) this.#asked.add(key);
  }
}

const nobody: readonly Witness[] = [];
const QUIET_GROWTH = 1 << 20;
const ASKED = 0x6a09e667;

const classOf = (alike: number, outcome: string): number =>
  mix(alike, outcome === 'accepted' ? 1 : 2) >>> 0;
