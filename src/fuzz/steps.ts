import {
  lengthOf,
  type Abilities,
  type Execution,
  type Input,
  type Step,
} from '../targets/target.ts';
import type { Cuts, SessionPlan } from './plan.ts';
import type { Skeleton } from './skeleton.ts';

/** Writes of one restore; what is left goes into the last of them. */
const MOST_WRITES = 4096;
/** What was saved is at most this long, and a write takes fewer bytes where its input ends. */
const LARGEST_SAVE = 1 << 20;

const begin: Step = { do: 'begin' };
const end: Step = { do: 'end' };
const run: Step = { do: 'run' };
const save: Step = { do: 'save' };
const reset: Step = { do: 'reset' };
const mutantAgain: Step = { do: 'input', input: 0 };
const seedNext: Step = { do: 'input', input: 1 };
const savedNext: Step = { do: 'input', input: 'saved' };

/** Writes are made once for each length: one-byte cuts take thousands of them. */
const small: readonly Step[] = Array.from({ length: 256 }, (_, length) => ({
  do: 'write',
  length,
}));

const write = (length: number): Step => small[length] ?? { do: 'write', length };

/** A session with a mutant and, where the session asks for it, the good seed. */
export const stepsOf = (
  { headers }: Skeleton,
  mutant: Input,
  seed: Input,
  session: SessionPlan,
  abilities: Pick<Abilities, 'save' | 'run' | 'reset'>,
): Execution => {
  const length = lengthOf(mutant);
  const writes = writesOf(session.cuts, mutant, headers, length);
  const good = write(seed.base.length);
  const guest = abilities.run ? [run] : [];
  const saved = abilities.save ? [save] : [];
  const { onRefusal } = session;
  const alone = (steps: readonly Step[]): Execution => ({ inputs: [mutant], steps, onRefusal });
  const both = (steps: readonly Step[]): Execution => ({
    inputs: [mutant, seed],
    steps,
    onRefusal,
  });
  switch (session.shape) {
    case 'plain':
      return alone([begin, ...writes, end, ...guest]);
    case 'leave-early': {
      const reached = upTo(writes, session.leaveAt ?? length >> 1);
      return alone([begin, ...reached, end, ...guest]);
    }
    case 'reset-between': {
      const half = upTo(writes, length >> 1);
      const again = abilities.reset ? [reset] : [end];
      return both([begin, ...half, ...again, seedNext, begin, good, end, ...guest, ...saved]);
    }
    case 'reset-behind': {
      const again = abilities.reset ? [reset, ...guest] : [];
      return both([
        begin,
        ...writes,
        end,
        ...guest,
        ...again,
        seedNext,
        begin,
        good,
        end,
        ...guest,
        ...saved,
      ]);
    }
    case 'cancel-then-good': {
      const half = upTo(writes, length >> 1);
      return both([begin, ...half, end, seedNext, begin, good, end, ...guest, ...saved]);
    }
    case 'twice': {
      const restored = [begin, ...writes, end, ...saved];
      return alone([...restored, mutantAgain, ...restored, ...guest]);
    }
    case 'then-good':
      return both([begin, ...writes, end, seedNext, begin, good, end, ...guest, ...saved]);
    case 'good-then':
      return both([
        seedNext,
        begin,
        good,
        end,
        ...saved,
        mutantAgain,
        begin,
        ...writes,
        end,
        ...saved,
        ...guest,
      ]);
    case 'save-restore-save': {
      const again = [savedNext, begin, write(LARGEST_SAVE), end, ...saved];
      return alone([begin, ...writes, end, ...saved, ...(abilities.save ? again : [])]);
    }
  }
};

/** The first writes, to the one that ends at or behind an offset. */
const upTo = (writes: readonly Step[], offset: number): readonly Step[] => {
  let reached = 0;
  let count = 0;
  for (const step of writes) {
    if (reached >= offset) break;
    reached += step.do === 'write' ? step.length : 0;
    count += 1;
  }
  // A whole write that reaches past the place is cut at it: a feeder that stops there.
  if (count === 1 && writes.length === 1) return [write(Math.min(offset, reached))];
  return writes.slice(0, count);
};

const writesOf = (
  cuts: Cuts,
  mutant: Input,
  headers: readonly number[],
  length: number,
): readonly Step[] => {
  switch (cuts.kind) {
    case 'whole':
      return [write(length)];
    case 'every':
      return everyWrite(length, Math.max(cuts.size, 1));
    case 'headers':
      return writesBetween(headersIn(mutant, headers, cuts.before), length);
    case 'at': {
      const at = Math.min(Math.max(cuts.offset, 0), length);
      return [write(at), write(length - at)];
    }
  }
};

const everyWrite = (length: number, size: number): readonly Step[] => {
  const full = Math.min(Math.floor(length / size), MOST_WRITES - 1);
  const steps = new Array<Step>(full).fill(write(size));
  const left = length - full * size;
  if (left > 0 || full === 0) steps.push(write(left));
  return steps;
};

const writesBetween = (offsets: readonly number[], length: number): readonly Step[] => {
  const steps: Step[] = [];
  let from = 0;
  for (const offset of offsets) {
    if (offset <= from || offset >= length) continue;
    if (steps.length === MOST_WRITES - 1) break;
    steps.push(write(offset - from));
    from = offset;
  }
  steps.push(write(length - from));
  return steps;
};

/** Where the headers of the seed lie in the mutant; one that was left out is where it would be. */
const headersIn = (
  { splices }: Input,
  headers: readonly number[],
  before: number,
): readonly number[] => {
  let next = 0;
  let shift = 0;
  return headers.map((header) => {
    for (let splice = splices[next]; splice !== undefined; splice = splices[next]) {
      if (splice.at + splice.drop > header || splice.at >= header) break;
      shift += splice.put.length - splice.drop;
      next += 1;
    }
    return header + shift - before;
  });
};
