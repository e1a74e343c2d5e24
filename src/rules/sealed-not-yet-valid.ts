import { exampleNow, exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { atField, headerRule, timeText } from './sealed-signers.ts';

/** Two hosts may differ by this much; a seal is made seconds before it is loaded. */
const MOST_SKEW_S = 300;

export default headerRule({
  id: 'sealed-not-yet-valid',
  title: 'The seal was made in the future',
  severity: 'high',
  cwe: 'CWE-672',
  rationale: `
By the clock of this host the seal has not been made yet. One of the two clocks is wrong, and then the end of
the seal says nothing either; or somebody made a seal today that is to be used when nobody looks any
more.`,
  advice: 'Allow a few minutes between the clocks of two hosts, and refuse more.',
  sources: ['docs/sealed-format.md: Time'],
  asked: ({ now }) => now !== undefined,
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({
        bytes: sealedExample({ created: exampleNow + 301 }),
        trust: exampleTrust(),
      })),
    ],
  }),
  *see({ created }, { now }) {
    if (now === undefined || created <= now + MOST_SKEW_S) return;
    yield {
      message: `the seal was made at ${timeText(created)}, and it is ${timeText(now)}`,
      at: [atField('created', 32, 8)],
    };
  },
});
