import { plainSession, type Plan, type SessionPlan } from './plan.ts';
import type { SessionAbilities } from './random-session.ts';
import type { Part, Skeleton } from './skeleton.ts';

/** Payloads of one seed that get a canary; what one of them leaves behind, the others leave, too. */
const MOST_PAYLOADS = 8;
const SHORTEST = 4;
const LONGEST = 4096;

/**
 * A state whose payloads are full of bytes that stand nowhere else, given in front of the good one:
 * if they come out again in what is saved then, the device keeps what belongs to another.
 */
export const canaryPlans = (skeleton: Skeleton, abilities: SessionAbilities): readonly Plan[] => {
  if (!abilities.session || !abilities.save) return [];
  const session = (shape: SessionPlan['shape']): SessionPlan => ({ ...plainSession, shape });
  const sessions = [
    session('then-good'),
    session('cancel-then-good'),
    ...(abilities.reset ? [session('reset-between')] : []),
  ];
  return skeleton.parts
    .filter(isPayload)
    .slice(0, MOST_PAYLOADS)
    .flatMap(({ path, length }) =>
      sessions.map((one): Plan => ({
        seed: skeleton.digest,
        edits: [{ kind: 'bytes', field: path, bytes: canary(Math.min(length, LONGEST), length) }],
        repair: { kind: 'all' },
        session: one,
      })),
    );
};

const isPayload = ({ layout, length }: Part): boolean =>
  layout !== 'gap' && layout.kind === 'bytes' && layout.zero !== true && length >= SHORTEST;

/** Bytes without a zero in which no four repeat for a long while. */
const canary = (filled: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length).fill(0xca);
  for (let at = 0; at < filled; at += 1) bytes[at] = 1 + ((at * 167 + (at >> 8) * 91 + 0xc5) % 255);
  return bytes;
};
