import { containerFault, shownValue } from './container-fault.ts';
import { exampleTrust, reframed, sealedExample, lazySealed } from './sealed-example.ts';

export default containerFault({
  id: 'sealed-frame-repeated',
  title: 'A frame of a sealed state stands there a second time',
  severity: 'high',
  threats: ['untrusted-source', 'corruption'],
  cwe: 'CWE-294',
  code: 'sealed-frame-repeated',
  over: ['sealed-header'],
  rationale: `
A frame with a number that was there already is a replay inside the file. Its signatures hold, because it is
genuine; applied twice, its bytes shift everything behind them, or restore a register that was
already overwritten.`,
  advice: 'Count the frames, and take none twice.',
  sources: ['docs/sealed-format.md: Frames'],
  examples: () => ({
    good: [
      lazySealed(() => ({
        bytes: sealedExample({}, ['site'], new Uint8Array(700)),
        trust: exampleTrust(),
      })),
    ],
    bad: [lazySealed(() => ({ bytes: reframed([0, 0, 1, 2]), trust: exampleTrust() }))],
  }),
  say: ({ wanted, got }) => ({
    message: `frame ${shownValue(got)} stands where frame ${shownValue(wanted)} should`,
  }),
});
