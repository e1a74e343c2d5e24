import { defineOracle } from './oracle.ts';
import { errnoName } from '../../targets/session.ts';

export const refusedButLoaded = defineOracle({
  id: 'refused-but-loaded',
  title: 'A write is refused, and the state is loaded all the same',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-391',
  aboutSessions: true,
  needs: ['session'],
  rationale: `
The driver found something wrong, answered the write with an error, and forgot it: a feeder that goes
on and leaves RESUMING gets a device with the refused state. The error must be remembered until the
session ends, and leaving RESUMING must fail.`,
  judge: ({ trace, execution, opinionOf, known }) => {
    for (const { refusal, loaded, input, from, to } of trace.sessions) {
      if (!loaded || refusal === undefined || input === 'saved' || known.isGood(input)) continue;
      let before = 0;
      for (const step of execution.steps.slice(from, refusal.step)) {
        if (step.do === 'write') before += step.length;
      }
      // A state that was complete before the refused write loses nothing by it.
      const opinion = opinionOf(input, before);
      if (opinion === undefined || opinion.kind === 'sound') continue;
      const answer = errnoName(refusal.answer);
      const step = execution.steps[refusal.step]?.do ?? 'write';
      return {
        message: `${step} at byte ${before} is refused with ${answer}, and the end of the session loads the state`,
        expected: 'an error when RESUMING is left',
        bucket: `${step} ${answer}`,
        step: to - 1,
      };
    }
    return undefined;
  },
});
