import { mttyState } from './examples.ts';
import { bytesText, faultRule } from './fault-rule.ts';

export default faultRule({
  id: 'trailing-bytes',
  title: 'Bytes that the format does not explain',
  severity: 'high',
  threats: ['corruption', 'feeder', 'exposure'],
  cwe: 'CWE-1286',
  fault: 'trailing',
  rationale: `
Something follows where the format says that nothing can. Drivers with a fixed-size buffer refuse
the write that would pass its end (ENOMEM); a feeder that ignores the error still gets the earlier
bytes loaded. Where nothing is refused, the extra bytes are a place to hide data, or the sign that
reader and writer disagree about the layout.`,
  advice: 'Refuse a state that is longer than its fields.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write() returns ENOMEM'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: Uint8Array.of(...mttyState, 0), format: 'mtty' }],
  }),
  say: (_field, { got }) => ({
    message: `${bytesText(got)} follow${got === 1 ? 's' : ''} where the format ends`,
    expected: 'no more bytes',
  }),
});
