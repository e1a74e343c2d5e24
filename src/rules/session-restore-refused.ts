import { errnoText } from '../container/session/format.ts';
import { stateText } from '../container/session/states.ts';
import { refused, set, userRestore, v2Restore } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-restore-refused',
  title: 'The device refuses to leave RESUMING',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  rationale: `
Every write was taken, and yet the device does not want to leave RESUMING: by the contract that is
where a state is judged as a whole, and where one that is short or inconsistent has to fail. The
device keeps what it had before or ends in ERROR; it was not restored.`,
  advice: 'Reset the device after a refused restore, and do not start its guest.',
  sources: [
    'linux samples/vfio-mdev/mtty.c: mtty_load_state()',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  over: ['session-state'],
  also: ['session-data', 'session-reset'],
  begin: () => ({ refused: false }),
  examples: () => ({
    good: [v2Restore(), userRestore()],
    bad: [v2Restore({ port: [], leave: [set('STOP', refused)], run: [] })],
  }),
  *see(event, memory) {
    if (event.kind === 'session-data') {
      const { operation, result } = event;
      if (operation === 'write' && (result ?? 0) < 0) memory.refused = true;
    }
    if (event.kind === 'session-reset') memory.refused = false;
    if (event.kind !== 'session-state') return;
    const { from, to, path, result, restored } = event;
    if (to === 4 && (result ?? 0) >= 0) memory.refused = false;
    if (from !== 'RESUMING' || path === undefined || path.length === 0) return;
    // A state of no bytes, and a write that failed, have findings of their own.
    if (restored === 0 || memory.refused || result === undefined || result >= 0) return;
    const bytes = restored === undefined ? '' : ` after ${restored} bytes`;
    yield said(event, {
      message: `the device refuses ${stateText(to)}${bytes} of device state: ${errnoText(result)}`,
      expected: 'a state that is complete',
    });
  },
});
