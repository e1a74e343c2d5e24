import { controlLength } from '../container/session/registers.ts';
import { OFFSET, SIZE, registerRead, v1Restore, v1Save } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-window-outside-region',
  title: 'A data window is not inside its region',
  threats: ['feeder'],
  cwe: 'CWE-787',
  rationale: `
User space takes data_offset and data_size from the device and copies there. Nothing in between
checks: a window over the registers, past the end of the region, or one whose end wraps makes the host
read or write memory that is not the device's. With a server in another process the numbers are an
attacker's.`,
  advice:
    'Check that the window begins behind the registers and ends in the region, without a wrap.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info data_offset, data_size',
    'qemu v7.2 hw/vfio/migration.c: vfio_save_buffer(), vfio_load_buffer()',
  ],
  over: ['session-access'],
  begin: () => ({ offset: undefined as bigint | undefined }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [
      v1Save({ behind: [registerRead(OFFSET, 16n)] }),
      v1Save({
        behind: [registerRead(OFFSET, 0x1000n), registerRead(SIZE, 0xffff_ffff_ffff_ffffn)],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access') return;
    const { register, value, result, regionSize, operation } = event;
    if (value === undefined || result < 0) return;
    const end = regionSize === 0n ? 1n << 63n : regionSize;
    if (register === 'data_offset' && operation === 'read') {
      memory.offset = value;
      if (value >= controlLength && value <= end) return;
      memory.offset = undefined;
      yield said(event, {
        message: `data_offset is ${value}`,
        expected: `from ${controlLength} to the end of the region, ${end}`,
        at: 32,
        length: 8,
      });
    } else if (register === 'data_size' && memory.offset !== undefined) {
      if (memory.offset + value <= end) return;
      yield said(event, {
        message: `the window of ${value} bytes at ${memory.offset} ends behind the region`,
        expected: `at most ${end - memory.offset} bytes`,
        at: 32,
        length: 8,
      });
    }
  },
});
