import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { signerRule } from './sealed-signers.ts';

export default signerRule({
  id: 'sealed-signer-unknown',
  title: 'The state was sealed by somebody whom the destination does not know',
  cwe: 'CWE-345',
  distrust: 'unknown',
  rationale: `
The signatures hold, and the key that made them stands in no keyring of this host. Anybody can make a key
and seal a state with it; that a signature fits says who signed only to whom the key is known.`,
  advice:
    'Keep the keys that may sign in a keyring of the destination, and take a key from nowhere else.',
  say: ({ signer }) => `no key of the keyring is ${signer.id}`,
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({ bytes: sealedExample({}, ['stranger']), trust: exampleTrust() })),
});
