import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { atField, headerRule } from './sealed-signers.ts';

export default headerRule({
  id: 'sealed-signer-undecided',
  title: 'Nobody said whose seals are believed here',
  severity: 'medium',
  cwe: 'CWE-345',
  rationale: `
The signatures hold under the keys that the file itself names, so the state is what somebody sealed. Without a
keyring nothing says who that was. This finding is there so that a check without keys does
not look like one that passed.`,
  advice: 'Name a keyring with --keyring, and load no sealed state without one.',
  sources: ['docs/sealed-format.md: Trust'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [lazySealed(() => ({ bytes: sealedExample() }))],
  }),
  *see({ signers }, { keys }) {
    if (keys !== undefined) return;
    const who = signers.map(({ id }) => id).join(', ');
    yield {
      message: `no keyring was named, so whose ${signers.length === 1 ? 'key' : 'keys'} ${who} is was not decided`,
      at: [atField('signer', 64, 32 * signers.length)],
    };
  },
});
