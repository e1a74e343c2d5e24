import { bytesOf } from '../../targets/target.ts';
import type { Save, Session } from '../trace.ts';
import type { Subject } from './oracle.ts';

/** A save behind a good state, beside what a new device saves behind the same. */
export interface Leftover {
  readonly save: Save;
  readonly reference: Uint8Array;
  /** The first byte that is not as it must be. */
  readonly at: number;
  /** Bytes that other sessions before it gave to the device. */
  readonly earlier: readonly Session[];
}

/** What is left of earlier sessions in the save that follows the restore of a good state. */
export const leftoverIn = ({ trace, execution, known }: Subject): Leftover | undefined => {
  for (const [index, session] of trace.sessions.entries()) {
    const { input } = session;
    if (index === 0 || input === 'saved' || !session.loaded || session.refusal !== undefined) {
      continue;
    }
    if (!session.whole || !known.isGood(input)) continue;
    const save = trace.saves.find(({ step }) => step >= session.to);
    const next = trace.sessions[index + 1];
    if (save === undefined || (next !== undefined && next.from < save.step)) continue;
    const between = execution.steps.slice(session.to, save.step);
    const runs = between.filter((step) => step.do === 'run').length;
    if (runs > 1 || between.some((step) => step.do === 'reset')) continue;
    const reference = known.savedOf(input, runs === 1);
    if (reference === undefined) continue;
    const at = known.differs(reference, save.bytes);
    if (at !== undefined) return { save, reference, at, earlier: trace.sessions.slice(0, index) };
  }
  return undefined;
};

/** Shorter runs are equal by chance. */
const CANARY = 4;

/** Where bytes that an earlier session sent, and that have no business there, stand in a save. */
export const canaryIn = ({ save, reference, at, earlier }: Leftover): number | undefined => {
  const sent = earlier.flatMap(({ input }) =>
    input === 'saved' ? [] : [Buffer.from(bytesOf(input))],
  );
  const { bytes } = save;
  for (let from = at; from + CANARY <= bytes.length; from += 1) {
    const run = Buffer.from(bytes.subarray(from, from + CANARY));
    if (run.some((byte, index) => byte === reference[from + index])) continue;
    if (run.every((byte) => byte === 0)) continue;
    if (sent.some((one) => one.indexOf(run) !== -1)) return from;
  }
  return undefined;
};
