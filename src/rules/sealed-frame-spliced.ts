import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, reframed, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-frame-spliced',
  title: 'A frame of a sealed state belongs to another seal',
  severity: 'high',
  threats: ['untrusted-source', 'wrong-device'],
  cwe: 'CWE-345',
  code: 'sealed-frame-spliced',
  over: ['sealed-header'],
  rationale: `
Every frame carries the random id of its seal. This one carries another, so it was cut out of a different
sealed state: an older save, another device, another machine. Spliced together, two genuine states make one
that no device was ever in.`,
  advice:
    'Compare the seal of every frame with that of the header, and verify the signature that covers both.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [
      lazySealed(() => ({
        bytes: sealedExample({}, ['site'], new Uint8Array(700)),
        trust: exampleTrust(),
      })),
    ],
    bad: [
      lazySealed(() => ({
        bytes: reframed([0, 1, 2], { 1: new Uint8Array(16) }),
        trust: exampleTrust(),
      })),
    ],
  }),
  say: ({ wanted, got }) => ({
    message: `the frame belongs to the seal ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
