import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { identityRule } from './sealed-identity.ts';

export default identityRule({
  id: 'sealed-device-differs',
  title: 'The state was sealed for another device',
  name: 'device',
  rationale: `
The seal is genuine, and the device that its signers named is not the one that is to load it. A state that is
good for one function is an attack on another that looks alike, and the state itself often cannot tell
the two apart.`,
  advice:
    'Compare the device of the seal with the device that is open before the first frame is released.',
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ identity: { device: '0000:00:03.0' } }),
  })),
});
