import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-frame-signature-invalid',
  title: 'A signature over a frame of a sealed state does not hold',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-347',
  code: 'sealed-frame-signature',
  over: ['sealed-header'],
  rationale: `
A frame is signed with the digest of its header, its place, its length and the digest of its payload.
One of them is not what the signers signed. No byte of the frame is given to anybody, and none of what
follows, because whoever changed one frame may have changed the rest.`,
  advice: 'Verify each frame before any byte of it is released, and stop at the first that fails.',
  sources: ['docs/sealed-format.md: Signatures'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({ bytes: overwritten(sealedExample(), 300, 0xff), trust: exampleTrust() })),
    ],
  }),
  say: ({ wanted, got }) => ({
    message: `${shownValue(wanted)} by ${shownValue(got)} does not hold`,
  }),
});
