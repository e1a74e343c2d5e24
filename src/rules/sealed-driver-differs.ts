import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { identityRule } from './sealed-identity.ts';

export default identityRule({
  id: 'sealed-driver-differs',
  title: 'The state was sealed by another driver than the destination expects',
  name: 'driver',
  rationale: `
The driver that wrote a state decides how its bytes are read. The signers named another one than the
destination has, so its bytes would be taken for what they are not.`,
  advice: 'Compare the driver of the seal with the driver that will read the state.',
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ identity: { driver: 'mlx5_vfio_pci' } }),
  })),
});
