import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { identityRule } from './sealed-identity.ts';

export default identityRule({
  id: 'sealed-vm-differs',
  title: 'The state was sealed for another virtual machine',
  name: 'vm',
  rationale: `
The seal is genuine, and belongs to another machine. Loaded into this one, its device would work with rings and
buffers of a guest that is not there, or show one guest what another was doing.`,
  advice: 'Compare the machine of the seal with the machine that is being restored.',
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ identity: { vm: 'vm-2' } }),
  })),
});
