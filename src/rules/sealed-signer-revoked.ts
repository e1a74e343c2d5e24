import { quoted } from './fault-rule.ts';
import { exampleTrust, sealedExample, testTrusted, lazySealed } from './sealed-example.ts';
import { signerRule } from './sealed-signers.ts';

export default signerRule({
  id: 'sealed-signer-revoked',
  title: 'The state was sealed with a key that was revoked',
  cwe: 'CWE-299',
  distrust: 'revoked',
  rationale: `
The keyring says that this key must not be believed any more. Whoever took it can date a seal as far back
as he likes, so the time that the header gives does not help.`,
  advice: 'Refuse a revoked key whatever the seal says of its age.',
  say: ({ known, signer }) =>
    `the key ${signer.id} of ${quoted(known?.name ?? '')} was revoked: ${known?.revoked ?? ''}`,
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ keys: [testTrusted('site', { revoked: 'laptop lost' })] }),
  })),
});
