import { exampleNow, exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { atField, headerRule, timeText } from './sealed-signers.ts';

export default headerRule({
  id: 'sealed-expired',
  title: 'The time of the seal is over',
  severity: 'high',
  cwe: 'CWE-672',
  rationale: `
The signers gave the seal an end, and it has passed. An old state is a way back to what the guest was before:
to credentials that were withdrawn, firmware that was mended, a transaction that was undone.`,
  advice: 'Compare the end of the seal with the clock of the host that loads it.',
  sources: ['docs/sealed-format.md: Time'],
  asked: ({ now }) => now !== undefined,
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({ bytes: sealedExample({ expires: exampleNow }), trust: exampleTrust() })),
    ],
  }),
  *see({ expires }, { now }) {
    if (now === undefined || expires === 0 || now < expires) return;
    yield {
      message: `the seal was good until ${timeText(expires)}, and it is ${timeText(now)}`,
      at: [atField('expires', 40, 8)],
    };
  },
});
