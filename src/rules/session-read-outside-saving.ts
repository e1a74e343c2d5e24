import { isSaving } from '../container/session/states.ts';
import { writeMessages, type MessageDraft } from '../container/session/write.ts';
import {
  capabilities,
  dataHead,
  statePort,
  userRead,
  userSave,
  v2Save,
  version,
} from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

const requests = (more: readonly MessageDraft[]) =>
  ({
    container: 'vfio-user',
    bytes: writeMessages([
      { from: 'client', id: 1, command: 'VERSION', body: version(capabilities) },
      ...more,
    ]),
  }) as const;

export default sessionRule({
  id: 'session-read-outside-saving',
  title: 'Device state is read from a device that does not save',
  threats: ['exposure', 'corruption'],
  cwe: 'CWE-841',
  rationale: `
Only PRE_COPY, PRE_COPY_P2P and STOP_COPY have a side of data_fd that can be read. Bytes that a device
gives out in another state are of no saved state: left over from an earlier one, or memory that was
never meant to leave the host.`,
  advice: 'Refuse a read in every state but the saving ones.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_STOP_COPY',
    'libvfio-user lib/migration.c: handle_mig_data_read()',
  ],
  over: ['session-data'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save(), userSave()],
    bad: [
      v2Save({ behind: [{ record: 'read', result: -19 }] }),
      userSave({ behind: userRead(9, 64, statePort) }),
      // A capture of the client alone, which asks while the device runs.
      requests([{ from: 'client', id: 2, command: 'MIG_DATA_READ', body: dataHead(64) }]),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-data' || event.operation !== 'read') return;
    const { state, result } = event;
    // That the device reported ERROR has a finding of its own.
    if (state === undefined || state === 'ERROR' || isSaving(state)) return;
    const done = (result ?? 0) > 0 ? `, and gives ${result} bytes` : '';
    yield said(event, {
      message: `device state is read in ${state}${done}`,
      expected: 'PRE_COPY, PRE_COPY_P2P or STOP_COPY',
    });
  },
});
