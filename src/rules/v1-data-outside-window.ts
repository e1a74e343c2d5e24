import {
  OFFSET,
  SIZE,
  registerRead,
  registerWrite,
  statePort,
  v1Restore,
  v1Save,
} from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-data-outside-window',
  title: 'Data is accessed outside the window that the device gave',
  threats: ['corruption', 'exposure'],
  cwe: 'CWE-823',
  rationale: `
The chunk stands at data_offset and has data_size bytes. What is read elsewhere in the region is left
from an earlier chunk or was never written, and what is written elsewhere is not what the device
takes.`,
  advice: 'Access the window that data_offset and data_size describe, and nothing else.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info data_offset, data_size',
  ],
  over: ['session-access'],
  begin: () => ({ from: undefined as bigint | undefined, size: undefined as bigint | undefined }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [
      v1Restore({
        port: [
          registerRead(OFFSET, 0x1000n),
          { record: 'region-write', at: 0x0800, data: statePort },
          registerWrite(SIZE, 36n),
        ],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access') return;
    const { register, operation, value, result, at, size, regionSize } = event;
    if (result < 0) return;
    if (register === 'data_offset' && operation === 'read') {
      memory.from = value;
      memory.size = undefined;
    } else if (register === 'data_size' && operation === 'read') {
      memory.size = value;
    } else if (register === 'data' && memory.from !== undefined) {
      const { from } = memory;
      const room = regionSize === 0n ? undefined : regionSize - from;
      const limit = operation === 'read' ? memory.size : room;
      const inside = at >= from && (limit === undefined || at + BigInt(size) <= from + limit);
      if (inside) return;
      yield said(event, {
        message: `${size} bytes are accessed at ${at}, but the window is at ${from}${limit === undefined ? '' : ` and has ${limit} bytes`}`,
        expected: 'an access inside the window',
        at: 16,
        length: 8,
      });
    }
  },
});
