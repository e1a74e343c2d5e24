import { defineOracle } from './oracle.ts';
import { canaryIn, leftoverIn } from './leftovers.ts';

export const canaryInLaterSave = defineOracle({
  id: 'canary-in-later-save',
  title: 'Bytes of an earlier state appear in a later save',
  severity: 'critical',
  confidence: 'certain',
  threats: ['exposure'],
  cwe: 'CWE-226',
  aboutSessions: true,
  needs: ['session', 'save'],
  rationale: `
The device was given one state, then another, and what it saves behind the second one holds bytes of
the first. Where the two belong to different guests, the first one's memory leaves with the second one.
Clear buffers when a session begins, ends or fails, and on reset.`,
  judge: (subject) => {
    const leftover = leftoverIn(subject);
    const at = leftover === undefined ? undefined : canaryIn(leftover);
    if (leftover === undefined || at === undefined) return undefined;
    return {
      message: `byte ${at} of the save begins a run that was sent in an earlier session`,
      expected: 'what a new device saves behind the same state',
      bucket: '',
      step: leftover.save.step,
    };
  },
});
