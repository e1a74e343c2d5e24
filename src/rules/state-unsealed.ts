import { mttyState } from './examples.ts';
import { defineRule } from './rule.ts';
import { exampleTrust, lazySealed, sealedExample } from './sealed-example.ts';

const required = { 'policy.signers': 'required' };

export default defineRule({
  id: 'state-unsealed',
  title: 'Nobody has signed the input, though the policy demands signers',
  severity: 'high',
  threats: ['untrusted-source'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: ['policy.signers'] },
  rationale: `
The site takes states only from those whose keys it knows, and this input is in no sealed envelope: it
may come from anybody, and may have been changed on its way. That the bytes are sound says nothing of
who made them.`,
  advice: 'Take states only from a sealed envelope whose signers are known.',
  sources: ['docs/sealed-format.md', 'the signers key of a policy file'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }), required)],
    bad: [{ bytes: mttyState, format: 'mtty', expect: required }],
  }),
  watch: () => {
    let sealed = false;
    return {
      kinds: ['sealed-header'],
      event: () => {
        sealed = true;
        return [];
      },
      *end() {
        if (sealed) return;
        yield {
          message: 'the input is in no sealed envelope',
          expected: 'a state that `vstate-check seal` has signed',
          at: [{ path: '', ranges: [{ offset: 0, length: 0 }], bytes: new Uint8Array(0) }],
        };
      },
    };
  },
});
