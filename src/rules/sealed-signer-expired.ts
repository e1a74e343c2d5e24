import { quoted } from './fault-rule.ts';
import {
  exampleNow,
  exampleTrust,
  sealedExample,
  testTrusted,
  lazySealed,
} from './sealed-example.ts';
import { signerRule, timeText } from './sealed-signers.ts';

export default signerRule({
  id: 'sealed-signer-expired',
  title: 'The state was sealed with a key whose time is over',
  cwe: 'CWE-672',
  distrust: 'expired',
  rationale: `
The keyring gives this key an end, and it has passed. The clock of the destination counts and not the one
of the seal, because whoever has an old key can write an old date.`,
  advice: 'Compare the end of a key with the clock of the host that loads the state.',
  say: ({ known, signer }) =>
    `the key ${signer.id} of ${quoted(known?.name ?? '')} expired at ${timeText(known?.expires ?? 0)}`,
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ keys: [testTrusted('site', { expires: exampleNow })] }),
  })),
});
