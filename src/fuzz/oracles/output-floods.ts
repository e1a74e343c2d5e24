import { defineOracle } from './oracle.ts';

export const outputFloods = defineOracle({
  id: 'restore-floods-log',
  title: 'A state makes the restore path write without end',
  severity: 'medium',
  confidence: 'certain',
  threats: ['feeder'],
  cwe: 'CWE-779',
  rationale: `
The target wrote more than the laboratory reads. A log line for each damaged record of a state that
somebody else made fills the host's log. Say once what is wrong, and limit the rate of what is said.`,
  judge: ({ result: { outcome } }) =>
    outcome.kind === 'exhausted' && outcome.what === 'output'
      ? { message: 'the state makes the target pass the limit of its output', bucket: '' }
      : undefined,
});
