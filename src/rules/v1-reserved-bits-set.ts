import { v1Mask } from '../container/session/states.ts';
import { STATE, registerWrite, v1Restore, v1Save } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-reserved-bits-set',
  title: 'Reserved bits of device_state are changed',
  threats: ['version', 'feeder'],
  cwe: 'CWE-1287',
  rationale: `
Bits 3 to 31 are the driver's: who writes the register reads it first and keeps them. A write that
changes them asks for something that has no meaning yet, and a driver may refuse the whole.`,
  advice: 'Keep the reserved bits as they were read.',
  sources: ['linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info device_state'],
  over: ['session-access'],
  begin: () => ({ reserved: 0n }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [v1Save({ leave: [registerWrite(STATE, 8n)] })],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access') return;
    const { register, operation, value, result } = event;
    if (register !== 'device_state' || value === undefined) return;
    if (operation === 'read') {
      if (result >= 0) memory.reserved = value & ~v1Mask;
    } else if ((value & ~v1Mask) !== memory.reserved) {
      yield said(event, {
        message: `device_state 0x${value.toString(16)} is written, and its reserved bits were 0x${memory.reserved.toString(16)}`,
        expected: 'the reserved bits as they were read',
        at: 32,
        length: 4,
      });
    }
  },
});
