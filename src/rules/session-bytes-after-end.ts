import type { SessionData } from '../container/session/events.ts';
import { userSave, v2Save } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-bytes-after-end',
  title: 'A device gives more data behind the end of its data',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
A read of 0 in STOP_COPY ends the state for good, and a reader stops there. Bytes behind it are lost
to every reader that does, and one that goes on stores a state that is longer than what others store
of the same device.`,
  advice: 'After the end of the data return 0 to every further read.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_STOP_COPY',
    'libvfio-user docs/vfio-user.rst: VFIO_USER_MIG_DATA_READ',
  ],
  over: ['session-data'],
  also: ['session-reset', 'session-state'],
  begin: () => ({ end: undefined as SessionData | undefined }),
  examples: () => ({
    good: [v2Save(), userSave()],
    bad: [v2Save({ end: [{ record: 'read' }, { record: 'read', data: Uint8Array.of(0) }] })],
  }),
  *see(event, memory) {
    if (event.kind === 'session-state' || event.kind === 'session-reset') {
      if ((event.result ?? 0) >= 0) memory.end = undefined;
      return;
    }
    if (event.kind !== 'session-data' || event.operation !== 'read') return;
    const { state, result, asked, protocol } = event;
    if (state !== 'STOP_COPY' || protocol === 'v1') return;
    if (result === 0 && asked > 0) memory.end ??= event;
    else if ((result ?? 0) > 0 && memory.end !== undefined) {
      yield said(event, {
        message: `${result} bytes are read behind the end of the data`,
        expected: '0 bytes',
        against: memory.end,
        note: 'the data ended here',
      });
    }
  },
});
