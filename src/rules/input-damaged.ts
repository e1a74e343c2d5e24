import { defineRule } from './rule.ts';

/** The state of `examples.ts`, as gzip writes it. */
const zipped = Uint8Array.from(
  Buffer.from(
    '1f8b0800000000000003f3d3b1ebe9e49c5bc7c80001309a81958199998181c1d18901053031308155310a' +
      '30320000d1f218643c000000',
    'hex',
  ),
);
export default defineRule({
  id: 'input-damaged',
  title: 'The compression around the input is damaged',
  severity: 'high',
  threats: ['corruption'],
  cwe: 'CWE-354',
  applies: { to: 'input' },
  rationale: `
The file is compressed and could not be unfolded to its end. What came out was checked; what is
missing cannot be. A tool that feeds the unfolded part to a restore path sends a cut state.`,
  advice: 'Verify the compressed file before any of it is loaded.',
  sources: ['RFC 1952: CRC32 and ISIZE'],
  examples: () => ({
    good: [{ bytes: zipped, format: 'mtty' }],
    bad: [{ bytes: zipped.subarray(0, zipped.length - 6), format: 'mtty' }],
  }),
  watch: () => ({
    *end({ damage, bytes }) {
      if (damage === undefined) return;
      yield {
        message: damage,
        at: [{ path: '', ranges: [{ offset: bytes, length: 0 }], bytes: new Uint8Array(0) }],
      };
    },
  }),
});
