import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-suite-unsupported',
  title: 'The seal uses algorithms that this reader does not take',
  severity: 'high',
  threats: ['untrusted-source', 'version'],
  cwe: 'CWE-757',
  code: 'sealed-suite',
  over: ['sealed-header'],
  rationale: `
One number names the digest and the signature together, so that no mixture of a strong and a weak one can
be asked for. This reader does not have that suite. A reader that took any suite a file names would let the
attacker choose.`,
  advice: 'Keep the list of suites in the reader, and refuse the rest.',
  sources: ['docs/sealed-format.md: Versions'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({ bytes: overwritten(sealedExample(), 10, 0), trust: exampleTrust() })),
    ],
  }),
  say: ({ wanted, got }) => ({
    message: `the seal uses suite ${shownValue(got)}`,
    expected: `suite ${shownValue(wanted)}`,
  }),
});
