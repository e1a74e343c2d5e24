import { PENDING, registerRead, v1Chunk, v1Save, statePort } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-chunks-below-pending',
  title: 'A source ends with fewer bytes than it had pending',
  threats: ['corruption'],
  cwe: 'CWE-354',
  rationale: `
In the stop phase nothing is added any more, so the chunks behind the last pending_bytes that is not zero
bring as many bytes as it said. With fewer, a chunk was lost between the device and the recording, and
nothing in the state tells.`,
  advice:
    'Add the chunks of the stop phase, and refuse a state that is shorter than what was pending.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info pending_bytes',
  ],
  over: ['session-access'],
  begin: () => ({ pending: 0n, chunk: 0n, read: 0n }),
  examples: () => ({
    good: [
      v1Save(),
      v1Save({
        port: [...v1Chunk(statePort.subarray(0, 20), 36), ...v1Chunk(statePort.subarray(20), 16)],
      }),
    ],
    bad: [
      v1Save({ port: v1Chunk(statePort.subarray(0, 20), 36) }),
      v1Save({ port: [registerRead(PENDING, 36n)] }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access' || event.operation !== 'read' || event.result < 0) return;
    const { register, value, state, result } = event;
    if (state !== 'STOP_COPY') {
      memory.pending = 0n;
      return;
    }
    if (register === 'data_size') memory.chunk = value ?? 0n;
    if (register === 'data') memory.read += BigInt(result);
    if (register !== 'pending_bytes' || value === undefined) return;
    // A window that is mapped is read without a record; its size is known all the same.
    const got = memory.chunk > memory.read ? memory.chunk : memory.read;
    const { pending } = memory;
    memory.pending = value;
    memory.chunk = 0n;
    memory.read = 0n;
    if (value !== 0n || got >= pending) return;
    yield said(event, {
      message: `pending_bytes was ${pending}, and ${got} bytes came before it is 0`,
      expected: `${pending} bytes or more`,
      at: 32,
      length: 8,
    });
  },
});
