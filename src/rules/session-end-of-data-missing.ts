import { stateText } from '../container/session/states.ts';
import { userSave, v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-end-of-data-missing',
  title: 'STOP_COPY is left before the end of the data was read',
  severity: 'medium',
  confidence: 'likely',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
Only a read of 0 says that the state is complete. A reader that stops earlier holds a beginning, and
nothing in most formats tells that the rest is missing. Cancelling a migration looks the same and is
harmless, as long as what was read is thrown away.`,
  advice: 'Read until 0 is returned, and throw away what was read otherwise.',
  sources: [
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_STOP_COPY',
    'libvfio-user samples/server.c: migration_device_state_transition() asserts that all was read',
  ],
  over: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save(), userSave()],
    bad: [v2Save({ end: [] }), userSave({ end: [] })],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol === 'v1') return;
    const { from, to, path, result, drained } = event;
    if (from !== 'STOP_COPY' || drained !== false || path === undefined || path.length === 0)
      return;
    if (result !== undefined && result < 0) return;
    yield said(event, {
      message: `STOP_COPY is left for ${stateText(to)} before the end of the data was read`,
      expected: 'a read that gives 0 bytes',
    });
  },
});
