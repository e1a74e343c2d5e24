import { stateText } from '../container/session/states.ts';
import { refused, set, userRestore, v1Restore, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-restore-empty',
  title: 'RESUMING is left without any device state',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  rationale: `
Nothing was written between entering RESUMING and leaving it. The mtty driver refuses that; mlx5, pds
and virtio take it, and the device runs on with its old state, or with none, while the guest believes
that it was moved.`,
  advice: 'Refuse to leave RESUMING when nothing was written.',
  sources: [
    'linux samples/vfio-mdev/mtty.c: mtty_load_state()',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  over: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore(), userRestore(), v1Restore()],
    bad: [
      v2Restore({ header: [], port: [], leave: [set('STOP', refused)], run: [] }),
      v1Restore({ header: [], port: [] }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.from !== 'RESUMING' || event.restored !== 0) return;
    const { to, path, result } = event;
    if (path === undefined || path.length === 0) return;
    const done = result === undefined || result < 0 ? '' : ', and the device took it';
    yield said(event, {
      message: `RESUMING is left for ${stateText(to)} without a byte of device state${done}`,
      expected: 'a whole device state',
    });
  },
});
