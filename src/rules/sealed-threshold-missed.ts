import { exampleTrust, sealedExample, testTrusted, lazySealed } from './sealed-example.ts';
import { atField, headerRule, judgeSigners } from './sealed-signers.ts';

export default headerRule({
  id: 'sealed-threshold-missed',
  title: 'Fewer signers than are needed have sealed the state',
  severity: 'high',
  cwe: 'CWE-654',
  rationale: `
The seal, or the destination, wants several signers, so that one stolen key does not suffice. Every
signer of this one is believed, and there are too few of them. Two keys of one name are one
signer.`,
  advice: 'Count signers by whose keys they are, and refuse a state that has too few.',
  sources: ['docs/sealed-format.md: Trust'],
  asked: ({ keys }) => keys !== undefined,
  examples: () => ({
    good: [
      lazySealed(() => ({
        bytes: sealedExample({ threshold: 2 }, ['site', 'audit']),
        trust: exampleTrust({ keys: [testTrusted('site'), testTrusted('audit')] }),
      })),
    ],
    bad: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust({ threshold: 2 }) }))],
  }),
  *see(header, trust) {
    const judged = judgeSigners(header, trust);
    if (judged === undefined || judged.trusted >= judged.needed) return;
    // Where a signer does not count, the rule for its reason speaks.
    if (judged.all.some(({ distrust }) => distrust !== undefined)) return;
    yield {
      message: `${judged.trusted} of the ${judged.needed} signers that are needed have signed`,
      expected: `${judged.needed} different signers`,
      at: [atField('threshold', 21, 1)],
    };
  },
});
