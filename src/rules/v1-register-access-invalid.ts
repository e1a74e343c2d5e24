import { widthOf } from '../container/session/registers.ts';
import { SIZE, v1Restore, v1Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-register-access-invalid',
  title: 'A register is accessed at another place or width than it has',
  threats: ['feeder'],
  cwe: 'CWE-1288',
  rationale: `
Registers are read and written whole, at their own width. Half of an 8-byte register changes between
two reads of it, and no generic code checks: each driver does what it likes with the rest.`,
  advice: 'Refuse an access that is not of one whole register.',
  sources: ['linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info'],
  over: ['session-access'],
  begin: nothingKept,
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [v1Save({ behind: [{ record: 'region-read', at: SIZE, data: new Uint8Array(4) }] })],
  }),
  *see(event) {
    if (event.kind !== 'session-access') return;
    const { register, at, size, result } = event;
    if (register === 'data' || (result < 0 && size === 0)) return;
    const width = widthOf(register);
    if (width === size) return;
    yield said(event, {
      message:
        width === undefined
          ? `${size} bytes are accessed at ${at}, where no register begins`
          : `${register} is accessed with ${size} bytes`,
      expected: width === undefined ? 'the beginning of a register' : `${width} bytes`,
      at: 16,
      length: 8,
    });
  },
});
