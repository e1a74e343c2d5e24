import { mttyState, patched } from './examples.ts';
import { defineRule } from './rule.ts';

const policy = (expires: string): string => `version: 1
suppress:
  - { rule: index-out-of-bounds, reason: fixed in the next driver, expires: ${expires} }
`;

export default defineRule({
  id: 'suppression-expired',
  title: 'A suppression of the policy has ended',
  severity: 'medium',
  threats: ['untrusted-source'],
  cwe: 'CWE-693',
  applies: { to: 'policy' },
  rationale: `
Somebody allowed a finding until a day that is past. From then on the finding counts again; this one
says why a run that passed yesterday fails today, and that the reason given then is to be looked at.`,
  advice: 'Mend what the suppression was for, or give it a new day with a new reason.',
  sources: ['the suppress list of a policy file'],
  examples: () => ({
    good: [{ bytes: patched(0x30, 0x2c), format: 'mtty', policy: policy('2030-01-01') }],
    bad: [{ bytes: mttyState, format: 'mtty', policy: policy('2020-01-01') }],
  }),
  watch: () => ({}),
});
