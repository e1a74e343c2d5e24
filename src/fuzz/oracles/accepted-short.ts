import { defineOracle } from './oracle.ts';
import { acceptedAlthoughFatal } from './accepted-states.ts';

export const acceptedShort = defineOracle({
  id: 'accepted-although-incomplete',
  title: 'A state that lacks a part is loaded',
  severity: 'high',
  confidence: 'certain',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-20',
  rationale: `
A record, a section or the end of the state is missing, and the device takes it for complete. What was
not sent keeps the value that it had: the guest goes on with half of its device. Know which parts must
come, and fail the arc out of RESUMING when one did not.`,
  judge: (subject) => {
    const accepted = acceptedAlthoughFatal(subject);
    if (!accepted?.short) return undefined;
    const { finding } = accepted.opinion;
    const { offered } = accepted.session;
    return {
      message: `loaded after ${offered} bytes, although ${finding?.message ?? 'a part is missing'}`,
      expected: 'an error when RESUMING is left',
      bucket: finding?.rule ?? '',
      step: accepted.session.to - 1,
      ...(finding === undefined ? {} : { rule: finding }),
    };
  },
});
