import { bytesOf, type Execution } from '../../targets/target.ts';
import { defineOracle, type Subject } from './oracle.ts';
import { errnoName } from '../../targets/session.ts';
import type { Session } from '../trace.ts';

/** The good state that was refused, and the session before it that came to nothing. */
const pairIn = ({ trace, known, execution }: Subject): readonly [Session, Session] | undefined => {
  const { sessions } = trace;
  for (const [at, good] of sessions.entries()) {
    if (good.loaded || good.refusal === undefined || !good.whole) continue;
    if (good.input === 'saved' || !known.isGood(good.input)) continue;
    // How it is cut into writes is another oracle's question.
    const writes = execution.steps.slice(good.from, good.to).filter((step) => step.do === 'write');
    if (writes.length > 1) continue;
    const before = sessions.slice(0, at).findLast((one) => !one.loaded);
    if (before !== undefined) return [before, good];
  }
  return undefined;
};

export const goodRefusedAfterRefusal = defineOracle({
  id: 'good-refused-after-refusal',
  title: 'After a refused state the next good one is refused, too',
  severity: 'medium',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-459',
  aboutSessions: true,
  needs: ['session'],
  rationale: `
What the failed session left behind (a position, a buffer, a flag) makes the device refuse a state
that a new device takes. One bad stream then blocks every later migration to this device. Clear all of
it when a session begins, and on reset.`,
  // A device may want a reset after an error; then the good state must be taken behind one.
  companion: (subject) => {
    const pair = pairIn(subject);
    if (pair === undefined || subject.known.recovers) return undefined;
    const [, good] = pair;
    if (subject.trace.resets.some((step) => step < good.from)) return undefined;
    return resetBefore(subject.execution, good.from);
  },
  judge: (subject, companion) => {
    const pair = pairIn(subject);
    if (pair === undefined) return undefined;
    const [, good] = pair;
    const { refusal } = good;
    if (refusal === undefined || good.input === 'saved') return undefined;
    const wasReset = subject.trace.resets.some((step) => step < good.from);
    if (!subject.known.recovers && !wasReset) {
      if (companion?.outcome.kind !== 'rejected') return undefined;
    }
    const step = subject.execution.steps[refusal.step]?.do ?? 'write';
    const answer = errnoName(refusal.answer);
    return {
      message: `a good state of ${bytesOf(good.input).length} bytes is refused (${step}: ${answer}) by a device that refused another one before`,
      expected: 'that the good state is loaded',
      bucket: `${step} ${answer}`,
      step: refusal.step,
    };
  },
});

const resetBefore = (execution: Execution, at: number): Execution => {
  const { steps } = execution;
  return { ...execution, steps: [...steps.slice(0, at), { do: 'reset' }, ...steps.slice(at)] };
};
