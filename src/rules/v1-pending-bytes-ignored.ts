import {
  PENDING,
  registerRead,
  statePort,
  v1Chunk,
  v1Restore,
  v1Save,
} from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-pending-bytes-ignored',
  title: 'A source reads on although nothing is pending, or stops although something is',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
pending_bytes says whether there is another chunk. Where it is 0 the device has staged nothing, and
what is read is an old chunk once more; where STOP_COPY is left before it is 0, the state is cut and
nothing in it says so.`,
  advice: 'Read chunks while pending_bytes is above 0, and leave STOP_COPY when it is 0.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info pending_bytes',
  ],
  over: ['session-access'],
  also: ['session-state'],
  begin: () => ({ pending: undefined as bigint | undefined }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [v1Save({ end: [registerRead(PENDING, 12n)] }), v1Save({ port: v1Chunk(statePort, 0) })],
  }),
  *see(event, memory) {
    if (
      event.kind === 'session-state' &&
      event.protocol === 'v1' &&
      event.from === 'STOP_COPY' &&
      event.target !== 'STOP_COPY'
    ) {
      const { pending } = memory;
      if (event.result !== undefined && event.result < 0) return;
      memory.pending = undefined;
      if (pending === 0n) return;
      yield said(event, {
        message: `STOP_COPY is left while pending_bytes is ${pending ?? 'not known'}`,
        expected: 'pending_bytes 0',
      });
    } else if (event.kind === 'session-access' && event.operation === 'read' && event.result >= 0) {
      const { register, value } = event;
      if (register === 'pending_bytes') memory.pending = value;
      if (register !== 'data' || memory.pending !== 0n) return;
      yield said(event, {
        message: 'a chunk is read while pending_bytes is 0',
        expected: 'no further chunk',
      });
    }
  },
});
