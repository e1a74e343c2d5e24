import type { Abilities } from '../targets/target.ts';
import { plainSession, type Cuts, type SessionPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { Library, Skeleton } from './skeleton.ts';

export type SessionAbilities = Pick<Abilities, 'session' | 'save' | 'run' | 'reset'>;

const whole: Cuts = { kind: 'whole' };
/** Sizes of writes: bytes, words, odd primes, pages. */
const SIZES = [1, 2, 3, 4, 7, 8, 13, 16, 31, 64, 127, 512, 4095, 4096, 4097];

/** A restore session that a target is able to do: how the bytes are cut, and what is done around. */
export const randomSession = (
  random: Random,
  library: Library,
  skeleton: Skeleton,
  abilities: SessionAbilities = { session: true, save: true, run: true, reset: true },
): SessionPlan => {
  if (!abilities.session) return plainSession;
  const { length } = skeleton.bytes;
  const cuts = randomCuts(random, skeleton);
  const onRefusal = random.oneIn(2) ? 'go-on' : 'stop';
  const turn = random.below(24);
  if (turn <= 10) return { cuts, onRefusal, shape: 'plain' };
  if (turn <= 14) {
    const at = random.oneIn(2) ? random.pick(skeleton.headers) : random.below(length + 1);
    return { cuts, onRefusal, shape: 'leave-early', leaveAt: at ?? 0 };
  }
  if (turn <= 16) return { cuts, onRefusal, shape: 'twice' };
  // What one state leaves behind shows best in another that says less.
  const other = random.oneIn(2) ? random.pick(library.seeds) : undefined;
  const good = other === undefined || other === skeleton ? {} : { good: other.digest };
  if (turn <= 18) return { cuts, onRefusal, shape: 'then-good', ...good };
  if (turn <= 20) return { cuts, onRefusal, shape: 'good-then', ...good };
  if (turn === 21) return { cuts, onRefusal, shape: 'cancel-then-good', ...good };
  if (turn === 22 && abilities.reset) {
    const shape = random.oneIn(2) ? 'reset-between' : 'reset-behind';
    return { cuts, onRefusal, shape, ...good };
  }
  if (abilities.save) return { cuts, onRefusal, shape: 'save-restore-save' };
  return { cuts, onRefusal, shape: 'plain' };
};

const randomCuts = (random: Random, { bytes, headers }: Skeleton): Cuts => {
  const turn = random.below(8);
  if (turn <= 1) return whole;
  if (turn === 2) {
    // Thousands of writes cost more than most states are worth.
    const least = bytes.length > 1024 ? 3 : 0;
    const size = SIZES[least + random.below(SIZES.length - least)] ?? 1;
    return { kind: 'every', size };
  }
  if (turn <= 4 && headers.length > 0) return { kind: 'headers', before: random.below(33) - 24 };
  const header = random.oneIn(2) ? random.pick(headers) : undefined;
  if (header !== undefined) return { kind: 'at', offset: header + random.below(25) };
  return { kind: 'at', offset: random.below(bytes.length + 1) };
};
