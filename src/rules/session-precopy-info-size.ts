import { precopyInfoLength } from '../container/session/format.ts';
import { v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-precopy-info-size',
  title: 'The structure for precopy information is too short',
  threats: ['feeder'],
  cwe: 'CWE-131',
  rationale: `
The structure has 24 bytes and says so in argsz. The kernel refuses a smaller number with EINVAL; code
that does not look at it writes 24 bytes into whatever the caller has there.`,
  advice: 'Compare argsz with the size of the structure before anything is copied.',
  sources: ['linux include/uapi/linux/vfio.h: struct vfio_precopy_info'],
  over: ['session-precopy'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save()],
    bad: [v2Save({ info: [{ record: 'precopy-info', argsz: 4, result: -22 }] })],
  }),
  *see(event) {
    if (event.kind !== 'session-precopy' || event.argsz >= precopyInfoLength) return;
    yield said(event, {
      message: `argsz is ${event.argsz}, but the structure has ${precopyInfoLength} bytes`,
      expected: `at least ${precopyInfoLength}`,
      at: 32,
      length: 4,
    });
  },
});
