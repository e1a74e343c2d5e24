import { mttyState } from './examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'format-unrecognised',
  title: 'No known format begins like this input',
  severity: 'high',
  confidence: 'possible',
  threats: ['corruption', 'wrong-device', 'untrusted-source'],
  cwe: 'CWE-345',
  applies: { to: 'state' },
  rationale: `
The input was given as a device state, and nothing in it says of which device. It may be the state of
a driver that marks nothing (then say so with --format opaque, or name the format), or it is damaged
from its first byte, or no device state at all. Passing it unseen would make the check worthless.`,
  advice: 'Begin every device state with a magic number and a version.',
  sources: ['linux include/uapi/linux/vfio.h: the migration data is opaque to user space'],
  examples: () => ({
    good: [{ bytes: mttyState }],
    bad: [{ bytes: Uint8Array.of(0x13, 0x37, 0xc0, 0xff, 0xee, 0x42, 0x01, 0x99, 0x5a) }],
  }),
  watch: () => ({
    *state({ device, bytes, identified, locate }) {
      if (device !== '' || identified !== 'unknown' || bytes === 0) return;
      yield {
        message: `no known format begins like these ${bytes} bytes`,
        expected: 'a known format, or --format opaque',
        at: [locate('start')],
      };
    },
  }),
});
