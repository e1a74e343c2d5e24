import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, overwritten, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-header-invalid',
  title: 'The header of a sealed state is not one that a sealer writes',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-1286',
  code: 'sealed-header',
  over: ['sealed-header'],
  rationale: `
The header says who sealed the state, for what, and how long its frames are. A field of it is outside
what the format allows, so the file was damaged or made by hand. A reader that guesses what was meant
takes its bounds from somebody who has proven nothing yet.`,
  advice: 'Refuse the file before any of its lengths is used.',
  sources: ['docs/sealed-format.md: Header'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({ bytes: overwritten(sealedExample(), 22, 1), trust: exampleTrust() })),
    ],
  }),
  say: ({ wanted, got }) => ({
    message: `the header needs ${shownValue(wanted)}, but has ${shownValue(got)}`,
  }),
});
