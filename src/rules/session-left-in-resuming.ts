import { v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-left-in-resuming',
  title: 'The recording ends with the device in RESUMING',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption'],
  cwe: 'CWE-404',
  rationale: `
Nobody left RESUMING and nobody reset the device. The state outlives whoever opened it: a real driver
was seen to keep it over closing and opening again, and to follow a pointer to nothing at the next
request. It may also be that the recording stopped too early.`,
  advice: 'Reset a device before it is given back.',
  sources: [
    'linux samples/vfio-mdev/mtty.c: mtty_set_state()',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  over: ['session-close'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore()],
    bad: [v2Restore({ leave: [], run: [] })],
  }),
  *see(event) {
    if (event.kind !== 'session-close' || event.state !== 'RESUMING') return;
    yield said(event, {
      message: 'the recording ends in RESUMING',
      expected: 'another state, or a reset',
    });
  },
});
