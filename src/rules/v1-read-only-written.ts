import {
  OFFSET,
  registerRead,
  registerWrite,
  stateHeader,
  v1Put,
  v1Restore,
  v1Save,
} from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-read-only-written',
  title: 'A register that can only be read is written',
  threats: ['feeder'],
  cwe: 'CWE-284',
  rationale: `
pending_bytes and data_offset are the device's word. A driver that lets them be written lets user
space choose where in the region, or behind it, the next chunk is put.`,
  advice: 'Refuse writes to pending_bytes and data_offset.',
  sources: ['linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info'],
  over: ['session-access'],
  begin: nothingKept,
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [
      v1Restore({
        header: [
          registerRead(OFFSET, 0x1000n),
          registerWrite(OFFSET, 0x1000n),
          ...v1Put(stateHeader),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-access') return;
    const { register, operation } = event;
    if (operation !== 'write' || (register !== 'pending_bytes' && register !== 'data_offset'))
      return;
    yield said(event, { message: `${register} is written`, expected: 'a read' });
  },
});
