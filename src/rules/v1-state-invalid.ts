import { v1Mask } from '../container/session/states.ts';
import { STATE, registerWrite, v1Restore, v1Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-state-invalid',
  title: 'Bits of device_state that mean no state are written',
  threats: ['feeder'],
  cwe: 'CWE-1287',
  rationale: `
Three bits give eight values, of which five are states. RESUMING together with RUNNING, or with
everything, is invalid, and RESUMING with SAVING is how a device reports its own failure. A driver
that acts on single bits starts a device that is half loaded.`,
  advice: 'Refuse a value that is no state as a whole, before acting on a bit.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info, VFIO_DEVICE_STATE_VALID',
  ],
  over: ['session-access'],
  begin: nothingKept,
  examples: () => ({
    good: [v1Save(), v1Restore()],
    bad: [v1Save({ behind: [registerWrite(STATE, 5n, -22)] })],
  }),
  *see(event) {
    if (event.kind !== 'session-access') return;
    const { register, operation, value } = event;
    if (register !== 'device_state' || operation !== 'write' || value === undefined) return;
    if ((value & v1Mask) <= 4n) return;
    yield said(event, {
      message: `device_state ${value} is written`,
      expected: '0, 1, 2, 3 or 4',
      at: 32,
      length: 4,
    });
  },
});
