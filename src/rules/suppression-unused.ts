import { mttyState, patched } from './examples.ts';
import { defineRule } from './rule.ts';

const policy = `version: 1
suppress:
  - { rule: index-out-of-bounds, reason: fixed in the next driver }
`;

export default defineRule({
  id: 'suppression-unused',
  title: 'A suppression of the policy fits no finding',
  severity: 'low',
  threats: ['untrusted-source'],
  cwe: 'CWE-693',
  applies: { to: 'policy' },
  rationale: `
A suppression that excuses nothing is either left over or misspelt. Left over, it would excuse the next
state that is broken in the same way, and nobody would hear of it; misspelt, it does not do what its
author believes. The check of many inputs counts a suppression as used when one of them needs it.`,
  advice: 'Take out suppressions that are not needed any more.',
  sources: ['the suppress list of a policy file'],
  examples: () => ({
    good: [{ bytes: patched(0x30, 0x2c), format: 'mtty', policy }],
    bad: [{ bytes: mttyState, format: 'mtty', policy }],
  }),
  watch: () => ({}),
});
