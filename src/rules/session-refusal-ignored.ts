import { stateText } from '../container/session/states.ts';
import type { SessionState } from '../container/session/events.ts';
import { get, refused, set, v2Restore, v2Save } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-refusal-ignored',
  title: 'A request for a state was refused, and the session went on as if it was not',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
A transition of several steps that fails may leave the device in any state on the way, or in ERROR.
The kernel tells only the error; user space must ask for the state, or reset the device, before it
reads or writes anything. Data that is moved in between belongs to a state that nobody knows.`,
  advice: 'After a refused request read the state of the device before anything else.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE',
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature_mig_device_state()',
  ],
  over: ['session-state'],
  also: ['session-data', 'session-report', 'session-reset'],
  begin: () => ({ refused: undefined as SessionState | undefined }),
  examples: () => ({
    good: [
      v2Restore(),
      v2Save({ stop: [set('STOP_COPY', refused), get('PRE_COPY'), set('STOP_COPY')] }),
    ],
    bad: [v2Save({ stop: [set('STOP_COPY', refused)] })],
  }),
  *see(event, memory) {
    if (event.kind === 'session-state') {
      const { from, path, result } = event;
      if (result === undefined || result >= 0) memory.refused = undefined;
      else if (from === undefined || path !== undefined) memory.refused = event;
    } else if (event.kind === 'session-report' || event.kind === 'session-reset') {
      memory.refused = undefined;
    } else if (event.kind === 'session-data' && memory.refused !== undefined) {
      const { refused } = memory;
      memory.refused = undefined;
      yield said(event, {
        message: `a ${event.operation} of device state follows a request for ${stateText(refused.to)} that was refused`,
        expected: 'the state of the device read, or a reset',
        against: refused,
        note: 'this was refused',
      });
    }
  },
});
