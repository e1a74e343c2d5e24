import { givesDataFd, stateText } from '../container/session/states.ts';
import { set, v2Restore, v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-data-fd-mismatch',
  title: 'A request returns a data_fd that it should not, or none',
  threats: ['corruption'],
  cwe: 'CWE-393',
  rationale: `
A new data_fd comes with RESUMING, and with the first of the saving states; between PRE_COPY and
STOP_COPY it stays the same, and everywhere else there is none. A caller that is handed a second one
reads half of the state from each; one that is handed none goes on with a file of an earlier session.`,
  advice: 'Return a data_fd exactly where a data transfer begins, and -1 everywhere else.',
  sources: [
    'linux include/uapi/linux/vfio.h: struct vfio_device_feature_mig_state',
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature_mig_device_state()',
  ],
  over: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore(), v2Save()],
    bad: [
      v2Restore({ run: [set('RUNNING', { fd: 21 })] }),
      v2Save({ stop: [set('STOP_COPY', { fd: 21 })] }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol !== 'v2') return;
    const { from, to, path, result, dataFd } = event;
    if (from === undefined || path === undefined || dataFd === undefined) return;
    const wanted = result !== undefined && result >= 0 && givesDataFd(from, path);
    if (wanted === dataFd >= 0) return;
    yield said(event, {
      message: `the way from ${from} to ${stateText(to)} returns data_fd ${dataFd}`,
      expected: wanted ? 'a file descriptor' : '-1',
    });
  },
});
