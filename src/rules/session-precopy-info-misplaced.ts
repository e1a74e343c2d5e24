import { v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-precopy-info-misplaced',
  title: 'Precopy information is asked for outside PRE_COPY',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
VFIO_MIG_GET_PRECOPY_INFO says how much is left while the device runs. The kernel refuses it with
EINVAL in every other state; a device that answers gives numbers of a phase that is over, and who
waits for them to become 0 waits for nothing.`,
  advice: 'Ask for precopy information in PRE_COPY and PRE_COPY_P2P only.',
  sources: ['linux include/uapi/linux/vfio.h: VFIO_MIG_GET_PRECOPY_INFO'],
  over: ['session-precopy'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save()],
    bad: [v2Save({ end: [{ record: 'precopy-info', result: -22 }, { record: 'read' }] })],
  }),
  *see(event) {
    if (event.kind !== 'session-precopy') return;
    const { state, result } = event;
    if (state === undefined || state.startsWith('PRE_COPY')) return;
    yield said(event, {
      message: `precopy information is asked for in ${state}${result < 0 ? '' : ', and given'}`,
      expected: 'PRE_COPY or PRE_COPY_P2P',
    });
  },
});
