import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-header-signature-invalid',
  title: 'A signature over the header of a sealed state does not hold',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-347',
  code: 'sealed-header-signature',
  over: ['sealed-header'],
  rationale: `
Every signer that the header names has signed it, and one of these signatures does not fit. Identity,
sequence, expiry or the keys themselves were changed behind the signers, or the file is damaged.
Nothing that the header says counts.`,
  advice: 'Verify the header before a single field of it decides anything.',
  sources: ['docs/sealed-format.md: Signatures'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({ bytes: overwritten(sealedExample(), 24, 8), trust: exampleTrust() })),
    ],
  }),
  say: ({ got }) => ({
    message: `the signature of the header by ${shownValue(got)} does not hold`,
  }),
});
