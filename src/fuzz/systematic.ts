import type { Proposal } from './mutators/mutator.ts';
import { plainSession, type Cuts, type Plan, type Repair, type SessionPlan } from './plan.ts';
import { offersOf, type Offer } from './proposals.ts';
import type { SessionAbilities } from './random-session.ts';
import type { Part, Skeleton } from './skeleton.ts';

/** Every plan of one step away from a seed, counted: each can be made by its number, for ever. */
export interface Systematic {
  readonly total: number;
  at(index: number): Plan;
  cellOf(index: number): Cell;
}

/** A square of the grammar that a plan covers. */
export interface Cell {
  readonly field: string;
  /** Id of the mutator: the role whose boundary it is. */
  readonly mutator: string;
  readonly repair: Repair['kind'];
  /** How the bytes were given: place in the list of sessions, 0 for the plain one. */
  readonly session: number;
}

/** One proposal, and which repairs of it make a difference. */
interface Step {
  readonly offer: Offer;
  readonly proposal: Proposal;
  readonly repairs: readonly Repair[];
}

const all: Repair = { kind: 'all' };
const none: Repair = { kind: 'none' };

/**
 * Field by field, boundary by boundary, repair by repair, and all of that again for each way of
 * giving the bytes. The mildest proposal of every field comes before the second of any.
 */
export const systematic = (skeleton: Skeleton, abilities: SessionAbilities): Systematic => {
  const steps = stepsOf(skeleton);
  const starts: number[] = [];
  let each = 0;
  for (const { repairs } of steps) {
    starts.push(each);
    each += repairs.length;
  }
  const sessions = sessionsFor(skeleton, abilities);
  const total = each * sessions.length;
  const find = (index: number): { step: Step; repair: Repair; session: number } => {
    if (!Number.isInteger(index) || index < 0 || index >= total) {
      throw new RangeError(`plan ${index} of ${total}`);
    }
    const session = Math.floor(index / each);
    const within = index % each;
    const place = lastAtOrBelow(starts, within);
    const step = steps[place];
    const repair = step?.repairs[within - (starts[place] ?? 0)];
    if (step === undefined || repair === undefined)
      throw new RangeError(`plan ${index} of ${total}`);
    return { step, repair, session };
  };
  return {
    total,
    at(index) {
      const { step, repair, session } = find(index);
      return {
        seed: skeleton.digest,
        edits: step.proposal,
        repair,
        session: sessions[session] ?? plainSession,
      };
    },
    cellOf(index) {
      const { step, repair, session } = find(index);
      const { part, mutator } = step.offer;
      return { field: part.path, mutator: mutator.id, repair: repair.kind, session };
    },
  };
};

const lastAtOrBelow = (starts: readonly number[], wanted: number): number => {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const stepsOf = (skeleton: Skeleton): readonly Step[] => {
  const offers = [...offersOf(skeleton).values()].flat();
  const most = offers.reduce((longest, { proposals }) => Math.max(longest, proposals.length), 0);
  const steps: Step[] = [];
  for (let rank = 0; rank < most; rank += 1) {
    for (const offer of offers) {
      const proposal = offer.proposals[rank];
      if (proposal === undefined) continue;
      steps.push({ offer, proposal, repairs: repairsFor(skeleton, offer.part, proposal) });
    }
  }
  return steps;
};

/** Repair matters where lengths change or a checksum covers the field; then each number is left wrong once. */
const repairsFor = (skeleton: Skeleton, part: Part, proposal: Proposal): readonly Repair[] => {
  const derived = new Set<string>();
  if (!proposal.every(({ kind }) => kind === 'set' || kind === 'truncate')) {
    for (let at: Part | undefined = part; at !== undefined; at = at.parent) {
      for (const { field } of [...at.measuredBy, ...at.offsets]) derived.add(field.path);
    }
  }
  for (const { field, targets } of skeleton.sums) {
    const covered = targets.some((target) => part.index >= target.index && part.index < target.end);
    if (covered) derived.add(field.path);
  }
  if (derived.size === 0) return [all];
  const but = [...derived].map((field): Repair => ({ kind: 'all-but', field }));
  return derived.size === 1 ? [all, ...but] : [all, ...but, none];
};

/** Ways of giving the bytes that a target can tell apart, the plain one first. */
export const sessionsFor = (
  { bytes, headers }: Skeleton,
  abilities: SessionAbilities,
): readonly SessionPlan[] => {
  if (!abilities.session) return [plainSession];
  const cut = (cuts: Cuts, onRefusal: SessionPlan['onRefusal'] = 'stop'): SessionPlan => ({
    cuts,
    onRefusal,
    shape: 'plain',
  });
  const whole = plainSession.cuts;
  const aroundHeaders = [0, 1, -1, -8].map((before) => cut({ kind: 'headers', before }));
  return [
    plainSession,
    cut({ kind: 'every', size: bytes.length > 4096 ? 64 : 1 }, 'go-on'),
    ...(headers.length > 0 ? aroundHeaders : []),
    cut({ kind: 'headers', before: 0 }, 'go-on'),
    { cuts: whole, onRefusal: 'go-on', shape: 'then-good' },
    { cuts: whole, onRefusal: 'go-on', shape: 'good-then' },
    { cuts: whole, onRefusal: 'stop', shape: 'twice' },
    { cuts: { kind: 'headers', before: 0 }, onRefusal: 'go-on', shape: 'leave-early' },
    { cuts: whole, onRefusal: 'stop', shape: 'cancel-then-good' },
    ...(abilities.reset
      ? (['reset-between', 'reset-behind'] as const).map((shape) => ({
          cuts: whole,
          onRefusal: 'stop' as const,
          shape,
        }))
      : []),
    ...(abilities.save
      ? [{ cuts: whole, onRefusal: 'stop', shape: 'save-restore-save' } as const]
      : []),
  ];
};
