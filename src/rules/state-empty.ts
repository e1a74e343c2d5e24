import { mttyState } from './examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'state-empty',
  title: 'The device state has no bytes',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  applies: { to: 'state' },
  rationale: `
Nothing was saved, or nothing arrived. Where a restore path does not count what it got, leaving
RESUMING succeeds and the device runs on with its old state, or with what an earlier session left in
the driver's buffer.`,
  advice: 'Refuse to leave RESUMING when nothing was written.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_load_state() returns EINVAL'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: new Uint8Array(0), format: 'mtty' }],
  }),
  watch: () => ({
    *state({ device, bytes, mayBeEmpty, locate }) {
      if (device !== '' || bytes > 0 || mayBeEmpty) return;
      yield { message: 'the input is empty', at: [locate('start')] };
    },
  }),
});
