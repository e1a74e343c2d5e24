import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-trailing-bytes',
  title: 'Bytes follow the last frame of a sealed state',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-354',
  code: 'sealed-trailing',
  over: ['sealed-header'],
  rationale: `
The frame with the last flag ends the seal, and nobody has signed what stands behind it. A reader that hands
on the whole file, or goes on until it ends, gives unsigned bytes the look of sealed ones.`,
  advice: 'Stop at the last frame, and refuse a file that goes on.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({
        bytes: Uint8Array.from([...sealedExample(), 0]),
        trust: exampleTrust(),
      })),
    ],
  }),
  say: ({ got }) => ({ message: `${shownValue(got)} bytes behind the last frame are not signed` }),
});
