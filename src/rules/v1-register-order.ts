import { isSaving } from '../container/session/states.ts';
import {
  OFFSET,
  SIZE,
  registerRead,
  registerWrite,
  stateHeader,
  statePort,
  v1Chunk,
  v1Restore,
  v1Save,
} from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

/** What a source has to read before a register, and a destination to do before it writes one. */
const beforeRead: ReadonlyMap<string, string> = new Map([
  ['pending_bytes', ''],
  ['data_offset', 'pending_bytes'],
  ['data_size', 'data_offset'],
  ['data', 'data_size'],
]);
const beforeWrite: ReadonlyMap<string, string> = new Map([
  ['data', 'data_offset'],
  ['data_size', 'data'],
]);

export default sessionRule({
  id: 'v1-register-order',
  title: 'Registers are accessed out of their order',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
Reading data_offset makes the device put a chunk there, so data_size means nothing before it, and the
data nothing before data_size. On the way in, data_size is what makes the device take the chunk:
written first, it takes what an earlier chunk left there.`,
  advice:
    'Follow the order of the protocol: pending_bytes, data_offset, data_size, data; and on restore data before data_size.',
  sources: ['linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info'],
  over: ['session-access'],
  begin: () => ({ seen: new Set<string>() }),
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [
      v1Save({ header: v1Chunk(stateHeader, 60).filter((_, step) => step !== 1) }),
      v1Restore({
        port: [
          registerRead(OFFSET, 0x1000n),
          registerWrite(SIZE, 36n),
          { record: 'region-write', at: 0x1000, data: statePort },
          registerWrite(SIZE, 36n),
        ],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access') return;
    const { register, operation, state, result } = event;
    const { seen } = memory;
    if (result < 0) return;
    if (register === 'device_state' && operation === 'write') seen.clear();
    if (state === undefined) return;
    const before = isSaving(state)
      ? operation === 'read' && beforeRead.get(register)
      : state === 'RESUMING' && (operation === 'write' ? beforeWrite.get(register) : '');
    if (typeof before !== 'string') return;
    if (before !== '' && !seen.has(before)) {
      yield said(event, {
        message: `${register} is ${operation === 'read' ? 'read' : 'written'} before ${before}`,
        expected: `${before} first`,
      });
    }
    if (register === 'pending_bytes' || (register === 'data_size' && operation === 'write'))
      seen.clear();
    seen.add(register);
  },
});
