import {
  OFFSET,
  SIZE,
  registerRead,
  registerWrite,
  statePort,
  v1Chunk,
  v1Restore,
  v1Save,
} from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-chunk-size-differs',
  title: 'A chunk is not as long as data_size says',
  threats: ['corruption'],
  cwe: 'CWE-130',
  rationale: `
Chunks are given back in the order and sizes in which they were taken. A chunk that is read short
leaves a hole that the next read of pending_bytes throws away; a data_size that differs from what was
written makes the device take old bytes, or leave new ones.`,
  advice: 'Move exactly data_size bytes of each chunk.',
  sources: ['linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info data_size'],
  over: ['session-access'],
  begin: () => ({ size: undefined as bigint | undefined, moved: 0n }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [
      v1Save({
        port: [
          ...v1Chunk(statePort, 36).slice(0, 3),
          { record: 'region-read', at: 0x1000, data: statePort.subarray(6) },
        ],
      }),
      v1Restore({
        port: [
          registerRead(OFFSET, 0x1000n),
          { record: 'region-write', at: 0x1000, data: statePort },
          registerWrite(SIZE, 37n),
        ],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access') return;
    const { register, operation, value, result, state } = event;
    if (result < 0 || state === undefined) return;
    if (register === 'data') {
      memory.moved += BigInt(result);
    } else if (register === 'data_size' && operation === 'read') {
      memory.size = value;
      memory.moved = 0n;
    } else {
      const written = register === 'data_size' && state === 'RESUMING' ? value : undefined;
      const ends = register === 'pending_bytes' || register === 'device_state';
      const size = written ?? (ends ? memory.size : undefined);
      const { moved } = memory;
      if (register === 'data_offset') memory.moved = 0n;
      if (size === undefined) return;
      memory.size = undefined;
      memory.moved = 0n;
      // Nothing at all is the order of accesses, which is judged by itself.
      if (size === moved || (written !== undefined && moved === 0n)) return;
      yield said(event, {
        message: `data_size is ${size}, but ${moved} bytes of the chunk were moved`,
        expected: `${size} bytes`,
      });
    }
  },
});
