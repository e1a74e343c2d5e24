import { bytesOf } from '../../targets/target.ts';
import type { Save, Session, Trace } from '../trace.ts';
import type { Subject } from './oracle.ts';

/** A save behind a state that was loaded, beside what a new device saves behind the same. */
export interface Leftover {
  readonly save: Save;
  readonly reference: Uint8Array;
  /** The first byte that is not as it must be. */
  readonly at: number;
  readonly session: Session;
  readonly earlier: readonly Session[];
}

/**
 * What is left of earlier sessions in the save that follows the restore of a good state, or of one
 * that the device loaded and saved before.
 */
export const leftoverIn = ({ trace, execution, known }: Subject): Leftover | undefined => {
  for (const [index, session] of trace.sessions.entries()) {
    const { input } = session;
    if (index === 0 || input === 'saved' || !session.loaded || session.refusal !== undefined) {
      continue;
    }
    if (!session.whole) continue;
    const save = trace.saves.find(({ step }) => step >= session.to);
    const next = trace.sessions[index + 1];
    if (save === undefined || (next !== undefined && next.from < save.step)) continue;
    const between = execution.steps.slice(session.to, save.step);
    const runs = between.filter((step) => step.do === 'run').length;
    if (runs > 1 || between.some((step) => step.do === 'reset')) continue;
    const reference = known.isGood(input)
      ? known.savedOf(input, runs === 1)
      : runs === 0
        ? firstSaveOf(input, trace)
        : undefined;
    if (reference === undefined) continue;
    const at = known.differs(reference, save.bytes);
    if (at !== undefined)
      return { save, reference, at, session, earlier: trace.sessions.slice(0, index) };
  }
  return undefined;
};

/** What was saved at once behind an input that was the first thing to be loaded into a new device. */
const firstSaveOf = (
  input: Session['input'],
  { sessions, saves }: Trace,
): Uint8Array | undefined => {
  const [first] = sessions;
  if (first?.input !== input || !first.loaded || first.refusal !== undefined) return undefined;
  return first.whole ? saves.find(({ step }) => step === first.to)?.bytes : undefined;
};

/** Shorter runs are equal by chance. */
const CANARY = 4;

/** Where bytes that an earlier session sent, and that have no business there, stand in a save. */
export const canaryIn = ({
  save,
  reference,
  at,
  session,
  earlier,
}: Leftover): number | undefined => {
  // A state that is restored twice leaks nothing that is not its own.
  const sent = earlier.flatMap(({ input }) =>
    input === 'saved' || input === session.input ? [] : [Buffer.from(bytesOf(input))],
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
