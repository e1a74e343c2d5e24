import { lengthOf, type Execution, type Input, type Result } from '../targets/target.ts';

/** One restore session of an execution, from its `begin` to the step that left it. */
export interface Session {
  /** What was written: an input of the execution, or what was saved before. */
  readonly input: Input | 'saved';
  /** Steps of the execution, from `begin` to behind the last one of the session. */
  readonly from: number;
  readonly to: number;
  /** Bytes that the feeder offered, from the start of the input. */
  readonly offered: number;
  /** All bytes of the input were offered; for `saved` as well as can be told. */
  readonly whole: boolean;
  /** The first step that was refused, and what it answered. */
  readonly refusal: { readonly step: number; readonly answer: number } | undefined;
  /** A write took fewer bytes than it was given. */
  readonly short: boolean;
  /** RESUMING was left and the device said that it took the state. */
  readonly loaded: boolean;
}

/** One state that was read back. */
export interface Save {
  readonly step: number;
  readonly bytes: Uint8Array;
}

/** What an execution came to, session by session. */
export interface Trace {
  readonly sessions: readonly Session[];
  readonly saves: readonly Save[];
  /** Steps at which the device was reset. */
  readonly resets: readonly number[];
}

/** Reads the answers of an execution's steps as restore sessions and saves. */
export const traceOf = (execution: Execution, result: Result): Trace => {
  const sessions: Session[] = [];
  const saves: Save[] = [];
  const resets: number[] = [];
  const answers = answersOf(execution, result);
  let input: Input | 'saved' | undefined = execution.inputs[0];
  let position = 0;
  let open: Open | undefined;
  const close = (at: number): void => {
    if (open !== undefined) sessions.push(closed(open, at));
    open = undefined;
  };
  for (const [at, step] of execution.steps.entries()) {
    const answer = answers[at];
    switch (step.do) {
      case 'input':
        input = step.input === 'saved' ? 'saved' : execution.inputs[step.input];
        position = 0;
        break;
      case 'begin':
        close(at);
        if (input !== undefined) open = { input, from: at, offered: position };
        refuse(open, at, answer);
        break;
      case 'write':
        if (answer !== undefined) {
          position += step.length;
          if (open !== undefined) {
            open.offered = position;
            const left =
              open.input === 'saved' ? step.length : lengthOf(open.input) - position + step.length;
            if (answer >= 0 && answer < Math.min(step.length, Math.max(left, 0))) open.short = true;
          }
        }
        refuse(open, at, answer);
        break;
      case 'end':
        refuse(open, at, answer);
        if (open !== undefined && answer !== undefined && answer >= 0) open.loaded = true;
        close(at + 1);
        break;
      case 'save': {
        close(at);
        const bytes = answer !== undefined && answer >= 0 ? result.saves[saves.length] : undefined;
        if (bytes !== undefined) saves.push({ step: at, bytes });
        break;
      }
      case 'reset':
        close(at);
        if (answer !== undefined && answer >= 0) resets.push(at);
        break;
      case 'run':
        break;
    }
  }
  close(execution.steps.length);
  return { sessions, saves, resets };
};

/** The answers of the steps; a target that restores as a whole says only how it ended. */
const answersOf = ({ steps }: Execution, { steps: answers, outcome }: Result): Result['steps'] => {
  if (answers.some((answer) => answer !== undefined)) return answers;
  if (outcome.kind !== 'accepted' && outcome.kind !== 'rejected') return answers;
  const last = steps.findIndex((step) => step.do === 'end');
  return steps.slice(0, last + 1).map((step, at) => {
    if (at === last && outcome.kind === 'rejected') return -1;
    return step.do === 'write' ? step.length : 0;
  });
};

interface Open {
  readonly input: Input | 'saved';
  readonly from: number;
  offered: number;
  refusal?: { readonly step: number; readonly answer: number };
  short?: true;
  loaded?: true;
}

const refuse = (open: Open | undefined, step: number, answer: number | undefined): void => {
  if (open === undefined || answer === undefined || answer >= 0) return;
  open.refusal ??= { step, answer };
};

const closed = (open: Open, to: number): Session => ({
  input: open.input,
  from: open.from,
  to,
  offered: open.input === 'saved' ? open.offered : Math.min(open.offered, lengthOf(open.input)),
  whole: open.input === 'saved' || open.offered >= lengthOf(open.input),
  refusal: open.refusal,
  short: open.short ?? false,
  loaded: open.loaded ?? false,
});
