import { faultRule, hex, named } from './fault-rule.ts';
import { struct, u8 } from '../layout/vocabulary.ts';

const status = struct({ device_status: u8({ flags: { ACKNOWLEDGE: 0, DRIVER: 1 } }) });

export default faultRule({
  id: 'bits-undefined',
  title: 'Flag bits that the format does not define',
  severity: 'high',
  threats: ['version', 'corruption'],
  cwe: 'CWE-1287',
  fault: 'undefined-bits',
  rationale: `
A set bit without a meaning is a newer writer's request that this reader cannot honour, or damage.
Ignoring it loads something other than what was saved.`,
  advice: 'Refuse flag bits outside the known mask.',
  sources: ['linux drivers/vfio/vfio_main.c: flag masks are checked before use'],
  examples: () => ({
    good: [{ layout: status, draft: { device_status: 3n } }],
    bad: [{ layout: status, draft: { device_status: 7n } }],
  }),
  say: (field, { bits }) => ({
    message: `${named(field)} has undefined bits ${hex(bits)} set`,
    expected: 'only defined bits',
  }),
});
