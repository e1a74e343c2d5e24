import { constants } from 'node:os';
import { stepCode } from './harness-protocol.ts';
import type { Comparison, Execution, Outcome, Result, Step } from './target.ts';

const MOST_SAVE = 1 << 20;
/** The answer of a step that was left out. */
const LEFT_OUT = -0x80000000;
/** Flags beside the number of answers in a record. */
const HELD = 0x20000000;
const EXTRAS = 0x40000000;
const NO_DEVICE = 0x80000000;

const noFeatures = new Uint32Array(0);
const noSaves: readonly Uint8Array[] = Object.freeze([]);
const noComparisons: readonly Comparison[] = Object.freeze([]);

const accepted: Outcome = Object.freeze({ kind: 'accepted' });

type Extras = Pick<Result, 'features' | 'comparisons' | 'saves'>;

const nothing: Extras = {
  saves: noSaves,
  features: noFeatures,
  comparisons: noComparisons,
};

/** All results are made here, so that they have one shape, whatever is in them. */
const resultOf = (
  outcome: Outcome,
  steps: readonly (number | undefined)[],
  message: string,
  nanoseconds: number,
  growth: number,
  peak: number,
  { saves, features, comparisons }: Extras,
): Result => ({
  outcome,
  steps,
  saves,
  features,
  comparisons,
  message,
  nanoseconds,
  growth,
  peak,
});

/** A result that says nothing but this. */
export const plainResult = (
  outcome: Outcome,
  steps: readonly (number | undefined)[],
  message = '',
): Result => resultOf(outcome, steps, message, 0, 0, 0, nothing);

export const withGrowth = (result: Result, growth: number): Result => {
  const { outcome, steps, message, nanoseconds, peak } = result;
  return resultOf(outcome, steps, message, nanoseconds, growth, peak, result);
};

const codeOf = (step: Step | undefined): number => (step === undefined ? 0 : stepCode(step));

/** Results of what most executions do, by the shape of their steps and by their answers. */
const KEPT = 4096;

interface Kept {
  readonly shape: number;
  readonly result: Result;
}

/** Reads records; the same answers of the same steps give the same frozen result. */
export class ResultReader {
  readonly #kept = new Array<Kept | undefined>(KEPT);
  readonly #bytes: Buffer;
  readonly #words: Int32Array;

  /** @param bytes the results as far as they are filled, at a place that 4 divides */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  }

  /** What the last successful `read` read. */
  result: Result = plainResult(accepted, []);
  /** Whether it names features. */
  names = false;

  /**
   * Reads the complete record at `at` and says where the next one begins; 0 when what stands there
   * is no record of this execution. All in words.
   */
  read({ steps }: Execution, at: number, filled: number): number {
    const size = this.#word(at);
    if (size < 4 + steps.length || size > filled - at) return 0;
    const flags = this.#word(at + 1);
    if ((flags & ~(HELD | EXTRAS | NO_DEVICE)) !== steps.length) return 0;
    const next = at + size;
    this.names = false;
    if (flags === steps.length && size === 4 + steps.length) {
      this.result = this.#common(steps, at);
      return next;
    }
    const answers = this.#answers(at, steps.length);
    const outcome: Outcome =
      (flags & NO_DEVICE) !== 0
        ? { kind: 'unavailable', reason: 'the harness could not open a device' }
        : outcomeOf(steps, answers);
    const end = (flags & HELD) === 0 ? next : next - 1;
    const extras = (flags & EXTRAS) === 0 ? nothing : this.#extras(at + 4 + steps.length, end);
    if (extras === undefined) return 0;
    const nanoseconds = this.#word(at + 2) >>> 0;
    const growth = this.#word(at + 3) >>> 0;
    const peak = end === next ? 0 : 1024 * (this.#word(end) >>> 0);
    this.result = resultOf(outcome, answers, '', nanoseconds, growth, peak, extras);
    this.names = extras.features.length > 0;
    return next;
  }

  /** Answers in a record that was under way when the worker died. */
  unfinished({ steps }: Execution, at: number): readonly (number | undefined)[] {
    const there = at + 4 + steps.length <= this.#words.length;
    const answered = there ? this.#word(at + 1) & ~(EXTRAS | NO_DEVICE) : 0;
    const answers = this.#answers(at, Math.min(answered, steps.length));
    return steps.map((_, index) => answers[index]);
  }

  #answers(at: number, count: number): (number | undefined)[] {
    const answers: (number | undefined)[] = [];
    for (let index = 0; index < count; index += 1) {
      const answer = this.#word(at + 4 + index);
      answers.push(answer === LEFT_OUT ? undefined : answer);
    }
    return answers;
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #common(steps: readonly Step[], at: number): Result {
    const count = steps.length;
    let shape = 0;
    let hash = this.#word(at + 2) ^ this.#word(at + 3);
    for (let index = 0; index < count; index += 1) {
      shape = shape * 8 + codeOf(steps[index]) + 1;
      hash = Math.imul(hash ^ this.#word(at + 4 + index), 0x01000193);
    }
    hash ^= hash >>> 15;
    const slot = (hash ^ (shape | 0)) & (KEPT - 1);
    const kept = this.#kept[slot];
    // Sixteen steps are as many as `shape` tells apart.
    if (kept?.shape === shape && count <= 16 && this.#same(kept.result, at, count)) {
      return kept.result;
    }
    const answers = Object.freeze(this.#answers(at, count));
    const nanoseconds = this.#word(at + 2) >>> 0;
    const growth = this.#word(at + 3) >>> 0;
    const outcome = outcomeOf(steps, answers);
    const result = Object.freeze(resultOf(outcome, answers, '', nanoseconds, growth, 0, nothing));
    this.#kept[slot] = { shape, result };
    return result;
  }

  #same({ steps, nanoseconds, growth }: Result, at: number, count: number): boolean {
    if (nanoseconds !== this.#word(at + 2) >>> 0 || growth !== this.#word(at + 3) >>> 0) {
      return false;
    }
    if (steps.length !== count) return false;
    for (let index = 0; index < count; index += 1) {
      if ((steps[index] ?? LEFT_OUT) !== this.#word(at + 4 + index)) return false;
    }
    return true;
  }

  #extras(from: number, end: number): Extras | undefined {
    if (from + 3 > end) return undefined;
    const featureCount = this.#word(from);
    const comparisonCount = this.#word(from + 1);
    const saveCount = this.#word(from + 2);
    let at = from + 3;
    const saves: Uint8Array[] = [];
    for (let left = saveCount; left > 0; left -= 1) {
      const size = at < end ? this.#word(at) : -1;
      const words = (size + 3) >> 2;
      if (size < 0 || size > MOST_SAVE || words > end - at - 1) return undefined;
      saves.push(Uint8Array.from(this.#bytes.subarray(4 * at + 4, 4 * at + 4 + size)));
      at += 1 + words;
    }
    if (saveCount < 0 || featureCount < 0 || featureCount > end - at) return undefined;
    const features = Uint32Array.from(this.#words.subarray(at, at + featureCount)).sort();
    at += featureCount;
    if (comparisonCount < 0 || at + 5 * comparisonCount !== end) return undefined;
    return { features, saves, comparisons: this.#comparisons(at, comparisonCount) };
  }

  #comparisons(from: number, count: number): readonly Comparison[] {
    const comparisons: Comparison[] = [];
    for (let at = from; at < from + 5 * count; at += 5) {
      const bytes = this.#word(at);
      if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) continue;
      const wide = (low: number): bigint =>
        (BigInt(this.#word(low + 1) >>> 0) << 32n) | BigInt(this.#word(low) >>> 0);
      comparisons.push({ bytes, left: wide(at + 1), right: wide(at + 3) });
    }
    return comparisons;
  }
}

const refusals = new Map<string, Outcome>();

const errnoNames = new Map<number, string>(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, value]) => [value, name]),
);

const rejectedFor = (reason: string): Outcome => {
  const known = refusals.get(reason);
  if (known !== undefined) return known;
  const outcome = Object.freeze({ kind: 'rejected' as const, reason });
  // Reasons are few unless the target makes errors up.
  if (refusals.size < 1024) refusals.set(reason, outcome);
  return outcome;
};

/** What the answers of the steps come to. */
export const outcomeOf = (
  steps: readonly Step[],
  answers: readonly (number | undefined)[],
): Outcome => {
  let end: number | undefined;
  let reason: string | undefined;
  for (const [index, step] of steps.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    if (step.do === 'begin') reason = undefined;
    if (step.do === 'end') end = answer;
    if (answer < 0) reason ??= `${step.do}: ${errnoNames.get(-answer) ?? `errno ${-answer}`}`;
  }
  return end !== undefined && end >= 0 ? accepted : rejectedFor(reason ?? 'no end');
};
