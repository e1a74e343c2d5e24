import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { identityRule } from './sealed-identity.ts';

export default identityRule({
  id: 'sealed-type-differs',
  title: 'The seal names another type of state than the destination expects',
  name: 'type',
  rationale: `
The signers said what kind of state they sealed, and the destination waits for another kind. A reader of
one format that is fed with another is the oldest confusion there is.`,
  advice: 'Compare the type of the seal with the format that the reader is for.',
  good: lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() })),
  bad: lazySealed(() => ({
    bytes: sealedExample(),
    trust: exampleTrust({ identity: { type: 'mlx5' } }),
  })),
});
