import { mttyState } from './examples.ts';
import { expected } from './expectation.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'format-differs',
  title: 'The state has another format than the destination’s driver reads',
  severity: 'critical',
  threats: ['wrong-device'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: ['format', 'device', 'driver'] },
  rationale: `
The bytes are the state of another kind of device. A driver without a magic number cannot tell, and
hands them to hardware or firmware as they are.`,
  advice: 'Carry the kind of device beside the state, and compare it before RESUMING is entered.',
  sources: ['linux include/uapi/linux/vfio.h: the migration data is opaque to user space'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { format: 'mtty' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { format: 'qat' } }],
  }),
  watch: ({ expect }) => ({
    *state({ format, device, pci, drivers, locate }) {
      const wanted = expected(expect, device, 'format');
      if (wanted !== undefined && !wanted.split('|').includes(format)) {
        yield {
          message: `the state is ${format}, but the destination reads ${wanted}`,
          expected: wanted,
          at: [locate('start')],
        };
      }
      const driver = expected(expect, device, 'driver');
      if (driver !== undefined && !drivers.includes(driver.replaceAll('-', '_'))) {
        yield {
          message: `the state is ${format}, which ${driver} does not read`,
          expected: drivers.length > 0 ? drivers.join(' or ') : 'a driver of this format',
          at: [locate('start')],
        };
      }
      const id = expected(expect, device, 'device');
      if (id !== undefined && pci !== undefined && !id.toLowerCase().split('|').includes(pci)) {
        yield {
          message: `the state is that of ${pci}, but the destination is ${id}`,
          expected: id,
          at: [locate('start')],
        };
      }
    },
  }),
});
