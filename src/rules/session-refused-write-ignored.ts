import { isRetry } from '../container/session/format.ts';
import { stateText } from '../container/session/states.ts';
import {
  answer,
  ask,
  dataHead,
  stateHeader,
  statePort,
  userRestore,
  v2Restore,
} from './session-examples.ts';
import { said, sessionRule, type OfSession } from './session-rule.ts';

/** What a write of device state in RESUMING returned. */
const writeResult = (event: OfSession): number | undefined => {
  if (event.kind === 'session-data') {
    const { operation, state, result } = event;
    return operation === 'write' && (state ?? 'RESUMING') === 'RESUMING'
      ? (result ?? 0)
      : undefined;
  }
  if (event.kind !== 'session-access' || event.state !== 'RESUMING') return undefined;
  return event.register === 'data_size' && event.operation === 'write' ? event.result : undefined;
};

export default sessionRule({
  id: 'session-refused-write-ignored',
  title: 'A write of device state was refused, and the session was not abandoned',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-252',
  rationale: `
A refused write is the only sign that some drivers give of a bad state. The mtty driver returns EFAULT
for a wrong header and yet counts its bytes: who writes on, or asks for STOP, gets the state loaded.
QAT and hisi-acc keep what they have done so far. What was begun must be ended by a reset.`,
  advice: 'After a refused write reset the device, and load nothing of this state.',
  sources: [
    'linux samples/vfio-mdev/mtty.c: mtty_resume_write()',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  over: ['session-data'],
  also: ['session-access', 'session-reset', 'session-state'],
  begin: () => ({ refused: undefined as OfSession | undefined }),
  examples: () => ({
    good: [
      v2Restore(),
      v2Restore({
        port: [{ record: 'write', data: statePort, result: -14 }],
        leave: [{ record: 'reset' }],
        run: [],
      }),
    ],
    bad: [
      v2Restore({ header: [{ record: 'write', data: stateHeader, result: -14 }] }),
      userRestore({
        port: [
          ask(5, 'MIG_DATA_WRITE', dataHead(0)),
          answer(5, 'MIG_DATA_WRITE', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event, memory) {
    const { refused } = memory;
    const write = writeResult(event);
    if (event.kind === 'session-reset') memory.refused = undefined;
    if (refused !== undefined && (write !== undefined || event.kind === 'session-state')) {
      memory.refused = undefined;
      const next =
        event.kind === 'session-state' ? `${stateText(event.to)} is asked for` : 'more is written';
      yield said(event, {
        message: `a write of device state was refused, and then ${next}`,
        expected: 'a reset of the device',
        against: refused,
        note: 'this write was refused',
      });
    } else if (write !== undefined && write < 0 && !isRetry(write)) {
      memory.refused = event;
    }
  },
});
