import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-truncated',
  title: 'The sealed state ends before its last frame',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-354',
  code: 'sealed-truncated',
  over: ['sealed-header'],
  rationale: `
The last frame carries a signed flag, so a seal that is cut at any place, between two frames included,
is seen to be cut. What came before the cut is a true beginning of the state, and a beginning is no state: a
restore path that loads it leaves the device half written.`,
  advice: 'Report success only when the frame with the last flag has been verified.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [lazySealed(() => ({ bytes: sealedExample().subarray(0, 200), trust: exampleTrust() }))],
  }),
  say: ({ wanted, got }) => ({
    message: `the file ends before the last frame: of ${shownValue(wanted)} it holds ${shownValue(got)} bytes`,
  }),
});
