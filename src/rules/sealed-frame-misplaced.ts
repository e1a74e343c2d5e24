import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, reframed, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-frame-misplaced',
  title: 'A frame of a sealed state stands too early, so that others are missing',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-354',
  code: 'sealed-frame-misplaced',
  over: ['sealed-header'],
  rationale: `
Frames are counted from 0 and stand in that order. A higher number than the next one means that frames
were left out or moved. Each of them may be genuine: the bytes are those that were sealed, and the state
that they make in this order is not.`,
  advice: 'Count the frames, and take no other than the next.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [
      lazySealed(() => ({
        bytes: sealedExample({}, ['site'], new Uint8Array(700)),
        trust: exampleTrust(),
      })),
    ],
    bad: [lazySealed(() => ({ bytes: reframed([0, 2]), trust: exampleTrust() }))],
  }),
  say: ({ wanted, got }) => ({
    message: `frame ${shownValue(got)} stands where frame ${shownValue(wanted)} should`,
  }),
});
