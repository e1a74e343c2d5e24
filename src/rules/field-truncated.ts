import { bytesText, faultRule, named } from './fault-rule.ts';
import { mttyState } from './examples.ts';

export default faultRule({
  id: 'field-truncated',
  title: 'The state ends inside a field',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  fault: 'truncated',
  rationale: `
The bytes stop before a fixed-size field is complete. A restore path that loads at the end of the
transfer without asking whether everything came applies half a state, or what an earlier session
left in its buffer. Some kernel drivers refuse only when RESUMING is left, and some report success
whatever has arrived, so the sender must not take a completed transfer for a completed restore.`,
  advice: 'Fail the arc out of RESUMING when any field of the state is missing.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
    'linux samples/vfio-mdev/mtty.c: mtty_load_state() returns EINVAL',
  ],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: mttyState.subarray(0, 50), format: 'mtty' }],
  }),
  say: (field, { wanted, got }) => ({
    message: `${named(field)} takes ${bytesText(wanted)}, but the state ends after ${got}`,
    note: 'the bytes end here',
  }),
});
