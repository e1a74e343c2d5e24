import { get, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-state-contradicts',
  title: 'The device reports a state that its requests do not lead to',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
After a request that succeeded the device is in the requested state and nowhere else; after one that
was refused before the first step it is where it was. A device that reports another state has lost a
transition or made one that nobody asked for, and what is then saved or loaded belongs to no state
that user space knows.`,
  advice: 'Treat a device that reports an unexpected state as failed, and reset it.',
  sources: ['linux include/uapi/linux/vfio.h: VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE'],
  over: ['session-report'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore({ run: [get('STOP')] })],
    bad: [v2Restore({ run: [get('RESUMING')] }), v2Restore({ run: [get(9)] })],
  }),
  *see(event) {
    if (event.kind !== 'session-report') return;
    const { state, expected, value } = event;
    if (state === undefined) {
      yield said(event, {
        message: `the device reports state ${value}, which does not exist`,
        ...(expected === undefined ? {} : { expected }),
      });
      // A device may fail at any time by itself.
    } else if (expected !== undefined && state !== expected && state !== 'ERROR') {
      yield said(event, {
        message: `the device reports ${state}, but its requests led to ${expected}`,
        expected,
      });
    }
  },
});
