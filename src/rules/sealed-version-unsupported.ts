import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-version-unsupported',
  title: 'The seal is of a version that this reader does not take',
  severity: 'high',
  threats: ['untrusted-source', 'version'],
  cwe: 'CWE-757',
  code: 'sealed-version',
  over: ['sealed-header'],
  rationale: `
A reader takes the versions that it knows and nothing else. An older number than the first is an attempt to
have the state read by weaker rules, a newer one promises something that this reader cannot keep. The
number is under the signatures, so nobody but the signers can have changed it without notice.`,
  advice: 'Refuse every version that is not implemented, and never fall back to another.',
  sources: ['docs/sealed-format.md: Versions'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [lazySealed(() => ({ bytes: overwritten(sealedExample(), 8, 0), trust: exampleTrust() }))],
  }),
  say: ({ wanted, got }) => ({
    message: `the seal is of version ${shownValue(got)}`,
    expected: `version ${shownValue(wanted)}`,
  }),
});
