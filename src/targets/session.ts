import { getSystemErrorName } from 'node:util';
import { outcomeOf } from './harness-results.ts';
import { bytesOf, type Execution, type Outcome, type Result } from './target.ts';

/** One call into a device, in the words of `native/vstate_harness.h`. */
export type Call =
  | { readonly do: 'begin' | 'end' | 'run' | 'save' | 'reset' }
  | { readonly do: 'write'; readonly bytes: Uint8Array };

/** What the device answered: 0 or more, `-errno`, or the bytes of a save. */
export type Answer = number | Uint8Array;

/** The part of a result that the answers of a device decide. */
export type Carried = Pick<Result, 'outcome' | 'steps' | 'saves'>;

/** The longest save that is kept. */
export const longestSave = 1 << 20;

const nothing = new Uint8Array(0);
const noFeatures = new Uint32Array(0);

/**
 * Carries out the steps of an execution, whoever makes the calls: it yields a call and is handed the
 * answer. So one reading of steps, refusals and inputs serves a device in this process, one behind a
 * socket and one in the kernel.
 *
 * @param answers where answers are kept, for a caller that may not come to the end
 */
export function* session(
  execution: Execution,
  answers: (number | undefined)[] = [],
): Generator<Call, Carried, Answer> {
  const { inputs, steps, onRefusal } = execution;
  const saves: Uint8Array[] = [];
  let current = inputs[0] === undefined ? nothing : bytesOf(inputs[0]);
  let at = 0;
  let leftOut = false;
  for (const step of steps) {
    if (step.do === 'input') {
      const input = step.input === 'saved' ? undefined : inputs[step.input];
      current = input === undefined ? (saves.at(-1) ?? nothing) : bytesOf(input);
      at = 0;
      answers.push(0);
      continue;
    }
    if (step.do === 'begin' || step.do === 'save' || step.do === 'reset') leftOut = false;
    if (leftOut) {
      answers.push(undefined);
      continue;
    }
    let answer: Answer;
    if (step.do === 'write') {
      const bytes = current.subarray(at, at + step.length);
      at += bytes.length;
      answer = yield { do: 'write', bytes };
    } else {
      answer = yield step;
    }
    if (typeof answer !== 'number') {
      saves.push(answer.subarray(0, longestSave));
      answer = answer.length;
    }
    answers.push(answer);
    if (answer < 0) leftOut = onRefusal === 'stop';
  }
  return { outcome: outcomeOf(steps, answers), steps: answers, saves };
}

/** `EFAULT` for -14. */
export const errnoName = (answer: number): string => {
  const known = Number.isInteger(answer) && answer < 0 && answer > -4096;
  const name = known ? getSystemErrorName(answer) : '';
  return /^E[A-Z0-9]+$/u.test(name) ? name : `errno ${-answer}`;
};

/** A result of which an outcome is all there is to say. */
export const resultOf = (outcome: Outcome, more: Partial<Result> = {}): Result => ({
  outcome,
  steps: [],
  saves: [],
  features: noFeatures,
  comparisons: [],
  message: '',
  nanoseconds: 0,
  growth: 0,
  peak: 0,
  ...more,
});

/**
 * What a target without sessions is given: the bytes of the writes up to the first `end`, back to
 * back, as a plain loader would send them.
 */
export const wholeInput = ({ inputs, steps }: Execution): Uint8Array => {
  let current = inputs[0] === undefined ? nothing : bytesOf(inputs[0]);
  let at = 0;
  const parts: Uint8Array[] = [];
  for (const step of steps) {
    if (step.do === 'end') break;
    if (step.do === 'input') {
      const input = step.input === 'saved' ? undefined : inputs[step.input];
      current = input === undefined ? nothing : bytesOf(input);
      at = 0;
    } else if (step.do === 'write') {
      parts.push(current.subarray(at, at + step.length));
      at += step.length;
    }
  }
  const [first, second] = parts;
  if (first !== undefined && second === undefined) return first;
  return Buffer.concat(parts);
};

/** What the steps of a whole restore answered: the verdict falls at the first `end`. */
export const wholeSteps = (
  { steps }: Execution,
  verdict: number,
): readonly (number | undefined)[] => {
  const end = steps.findIndex((step) => step.do === 'end');
  return steps.map((step, index) => {
    if (index > end && end !== -1) return undefined;
    if (step.do === 'write') return step.length;
    return step.do === 'end' ? verdict : 0;
  });
};
