import { defineOracle } from './oracle.ts';
import { acceptedAlthoughFatal } from './accepted-states.ts';

export const acceptedUnsound = defineOracle({
  id: 'accepted-although-unsound',
  title: 'A state that must be refused is loaded',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-20',
  rationale: `
The rule named in the finding says why no device can be in this state, or why this device must not
take it. The restore path loads it without a word, and whatever trusts the value later is attacked by
it. Check it when the state is loaded; nothing later will.`,
  judge: (subject) => {
    const accepted = acceptedAlthoughFatal(subject);
    if (accepted === undefined || accepted.short) return undefined;
    const { finding } = accepted.opinion;
    return {
      message: `loaded, although ${finding?.message ?? 'a rule forbids it'}`,
      expected: finding?.expected ?? 'that the state is refused',
      bucket: finding?.rule ?? '',
      step: accepted.session.to - 1,
      ...(finding === undefined ? {} : { rule: finding, severity: finding.severity }),
    };
  },
});
