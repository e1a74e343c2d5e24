import { defineOracle } from './oracle.ts';
import { errnoName } from '../../targets/session.ts';

export const saveDiffers = defineOracle({
  id: 'save-restore-save-differs',
  title: 'A device does not give back the state that it took',
  severity: 'medium',
  confidence: 'certain',
  threats: ['corruption'],
  cwe: 'CWE-1288',
  aboutSessions: true,
  needs: ['session', 'save'],
  rationale: `
What the device saved was restored into it, and it saves something else now, or refuses its own state.
A guest that migrates twice is not the same guest any more. Save everything that restore sets, and
restore everything that save writes.`,
  judge: ({ trace, known, execution }) => {
    for (const session of trace.sessions) {
      if (session.input !== 'saved') {
        // What a refusal leaves behind is another oracle's question.
        if (!session.loaded || session.refusal !== undefined) return undefined;
        continue;
      }
      const before = trace.saves.findLast(({ step }) => step < session.from);
      if (before === undefined) continue;
      if (!session.loaded) {
        const { refusal } = session;
        if (refusal === undefined) continue;
        const step = execution.steps[refusal.step]?.do ?? 'write';
        return {
          message: `the device refuses the ${before.bytes.length} bytes that it saved itself (${step}: ${errnoName(refusal.answer)})`,
          bucket: `refused ${step} ${errnoName(refusal.answer)}`,
          step: refusal.step,
        };
      }
      const after = trace.saves.find(({ step }) => step >= session.to);
      if (after === undefined) continue;
      if (execution.steps.slice(session.to, after.step).some((step) => step.do === 'run')) continue;
      const at = known.differs(before.bytes, after.bytes);
      if (at === undefined) continue;
      return {
        message: `what is saved again differs from what was restored, first in byte ${at}`,
        bucket: `byte ${at}`,
        step: after.step,
      };
    }
    return undefined;
  },
});
