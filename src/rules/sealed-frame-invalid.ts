import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

/** Where the length of the one frame of the example stands: before it, its payload and its signature. */
const LENGTH = 4 + 60 + 64;

export default containerFault({
  id: 'sealed-frame-invalid',
  title: 'A frame of a sealed state has a length or flag that no sealer writes',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-1286',
  code: 'sealed-frame',
  over: ['sealed-header'],
  rationale: `
Every frame but the last is exactly as long as the header says, the last is not longer, and one flag is
defined. A frame that breaks this asks its reader for memory that nobody has vouched for yet, or
moves the border between two payloads.`,
  advice: 'Compare the length of a frame with the header before it is read.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({
        bytes: overwritten(sealedExample(), sealedExample().length - LENGTH + 1, 0xff),
        trust: exampleTrust(),
      })),
    ],
  }),
  say: ({ wanted, got }) => ({
    message: `the frame needs ${shownValue(wanted)}, but has ${shownValue(got)}`,
  }),
});
