import { STATE, registerRead, registerWrite, v1Save } from './session-examples.ts';
import { said, sessionRule, type OfSession } from './session-rule.ts';

export default sessionRule({
  id: 'session-error-state-ignored',
  title: 'The device reported ERROR, and the session went on',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
A device in ERROR has lost its state, and only a reset brings it back. Data that is read from it then
is no state, and data that is written to it is lost or worse.`,
  advice: 'Reset a device that reports ERROR before anything else.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_ERROR',
    'linux v5.8 include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_IS_ERROR',
  ],
  over: ['session-report'],
  also: ['session-data', 'session-reset', 'session-state'],
  begin: () => ({ error: undefined as OfSession | undefined }),
  examples: () => ({
    good: [
      v1Save(),
      v1Save({
        stop: [registerRead(STATE, 6n), { record: 'reset' }],
        port: [],
        end: [],
        leave: [],
      }),
    ],
    bad: [v1Save({ stop: [registerRead(STATE, 6n), registerWrite(STATE, 2n)] })],
  }),
  *see(event, memory) {
    if (event.kind === 'session-report') memory.error = event.state === 'ERROR' ? event : undefined;
    else if (event.kind === 'session-reset') memory.error = undefined;
    // The table of v2 has no way out of ERROR, which is a finding of its own.
    const goesOn =
      event.kind === 'session-data' || (event.kind === 'session-state' && event.protocol === 'v1');
    if (memory.error === undefined || !goesOn) return;
    const { error } = memory;
    memory.error = undefined;
    yield said(event, {
      message: 'the session goes on after the device reported ERROR',
      expected: 'a reset',
      against: error,
      note: 'the device reported ERROR',
    });
  },
});
