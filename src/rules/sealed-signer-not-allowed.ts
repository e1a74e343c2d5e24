import { quoted } from './fault-rule.ts';
import { exampleTrust, sealedExample, testTrusted, lazySealed } from './sealed-example.ts';
import { signerRule } from './sealed-signers.ts';

export default signerRule({
  id: 'sealed-signer-not-allowed',
  title: 'The signer may not seal states of this device',
  cwe: 'CWE-863',
  distrust: 'not-allowed',
  rationale: `
The keyring names the devices that this key may sign for, and the device of this seal is none of them. A host
that was broken into can sign with its own key; that must not give it the devices of the others.`,
  advice:
    'Give each key only the devices of its own host, and compare the device of the seal with them.',
  say: ({ known, signer }, { identity }) =>
    `the key ${signer.id} of ${quoted(known?.name ?? '')} may not sign for ${
      identity.device === undefined ? 'a state without a device' : quoted(identity.device)
    }`,
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ keys: [testTrusted('site', { devices: ['0000:00:03.*'] })] }),
  })),
});
