import { statePort, userRestore, userWrite, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-write-outside-resuming',
  title: 'Device state is written to a device that is not in RESUMING',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
Only RESUMING has a side of data_fd that can be written. In any other state the file is disabled and
the write must fail: ENODEV from a kernel driver, EINVAL from libvfio-user. A device that takes the
bytes puts them where nobody will look for them, or over a state that it is still running with.`,
  advice: 'Refuse a write in every state but RESUMING.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
    'libvfio-user lib/migration.c: handle_mig_data_write()',
  ],
  over: ['session-data'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore(), userRestore()],
    bad: [
      v2Restore({ behind: [{ record: 'write', data: statePort, result: -19 }] }),
      userRestore({ behind: userWrite(8, statePort) }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-data' || event.operation !== 'write') return;
    const { state, asked, result } = event;
    // That the device reported ERROR has a finding of its own.
    if (state === undefined || state === 'ERROR' || state === 'RESUMING') return;
    const done = result === undefined || result < 0 ? '' : ', and the device took them';
    yield said(event, {
      message: `${asked} bytes of device state are written in ${state}${done}`,
      expected: 'RESUMING',
    });
  },
});
