import { errnoName } from '../../targets/session.ts';
import { defineOracle, type Subject } from './oracle.ts';
import type { Session } from '../trace.ts';

export const refusedButChanged = defineOracle({
  id: 'refused-but-changed',
  title: 'A refused state leaves the device changed',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-460',
  aboutSessions: true,
  needs: ['session', 'save'],
  rationale: `
The restore failed, but what the device saves afterwards is not what it saved before: a part of the
refused state was applied. Decode and check all of it first, then apply it in one step that cannot fail.`,
  judge: (subject) => {
    const { trace, known } = subject;
    for (const session of trace.sessions) {
      if (session.loaded || session.refusal === undefined) continue;
      const after = trace.saves.find(({ step }) => step >= session.to);
      const before = savedBefore(subject, session);
      if (after === undefined || before === undefined) continue;
      if (disturbed(subject, session.to, after.step)) continue;
      const at = known.differs(before.bytes, after.bytes);
      if (at === undefined) continue;
      const refused = subject.execution.steps[session.refusal.step]?.do ?? 'write';
      return {
        message: `the restore is refused, but byte ${at} of the device's state is no longer what it was before`,
        expected: 'the state that the device had before the session',
        bucket: `${refused} ${errnoName(session.refusal.answer)}`,
        step: after.step,
      };
    }
    return undefined;
  },
});

/** What the device held when the session began, as it saved it, or as the last good state left it. */
const savedBefore = (
  { trace, known, execution }: Subject,
  session: Session,
): { readonly bytes: Uint8Array } | undefined => {
  const earlier = trace.sessions.filter(({ to }) => to <= session.from);
  const last = earlier.at(-1);
  const save = trace.saves.findLast(({ step }) => step < session.from);
  const ran = execution.steps
    .slice(last?.to ?? 0, session.from)
    .filter((step) => step.do === 'run').length;
  if (save !== undefined && save.step >= (last?.to ?? 0)) {
    const since = execution.steps.slice(save.step, session.from);
    return since.some((step) => step.do === 'run' || step.do === 'reset') ? undefined : save;
  }
  if (trace.resets.some((step) => step < session.from) || ran > 1) return undefined;
  if (last === undefined) {
    return ran === 0 && known.freshSave !== undefined ? { bytes: known.freshSave } : undefined;
  }
  if (!last.loaded || last.refusal !== undefined || last.input === 'saved') return undefined;
  const bytes = known.savedOf(last.input, ran === 1);
  return bytes === undefined ? undefined : { bytes };
};

/** Something besides the refused session may have changed the device between two steps. */
const disturbed = ({ trace, execution }: Subject, from: number, to: number): boolean =>
  execution.steps.slice(from, to).some((step) => step.do === 'run' || step.do === 'reset') ||
  trace.sessions.some((session) => session.from >= from && session.from < to);
