import { refused, set, userRestore, userSet, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-state-undefined',
  title: 'A device state is asked for that does not exist',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-129',
  rationale: `
There are eight device states, 0 to 7. The kernel refuses a larger number before it looks anything up.
A server that compares with one too many uses it as the index of a table: libvfio-user let 8 through
and read behind its table of transitions.`,
  advice: 'Refuse a state above 7 before it is used as an index.',
  sources: [
    'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state',
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature_mig_device_state()',
    'libvfio-user lib/migration.c: migration_set_state()',
  ],
  over: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore(), userRestore()],
    bad: [v2Restore({ run: [set(8, refused)] }), userRestore({ run: userSet(7, 0xffff_ffff) })],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol === 'v1') return;
    if (event.target !== undefined) return;
    const done = event.result === undefined || event.result < 0 ? '' : ', and the device took it';
    yield said(event, {
      message: `the requested device state is ${event.to}${done}`,
      expected: 'a state from 0 to 7',
    });
  },
});
