import { ENOMSG } from '../container/session/format.ts';
import { v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-enomsg-in-stop-copy',
  title: 'A device says in STOP_COPY that it has no data for now',
  threats: ['corruption'],
  cwe: 'CWE-393',
  rationale: `
ENOMSG means that more may come while the device runs. In STOP_COPY it does not run, so the answer has
no meaning: a reader that tries again never ends, and a reader that takes it for the end stores a
state that is cut.`,
  advice: 'Return 0 at the end of the data in STOP_COPY, and never ENOMSG.',
  sources: ['linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_PRE_COPY'],
  over: ['session-data'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save()],
    bad: [v2Save({ end: [{ record: 'read', result: -42 }, { record: 'read' }] })],
  }),
  *see(event) {
    if (event.kind !== 'session-data' || event.operation !== 'read') return;
    if (event.result !== -ENOMSG || event.state !== 'STOP_COPY') return;
    yield said(event, {
      message: 'the device returns ENOMSG in STOP_COPY',
      expected: 'bytes, or 0 at the end of the data',
    });
  },
});
