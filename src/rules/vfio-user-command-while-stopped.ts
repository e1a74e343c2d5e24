import { MESSAGE_REPLY, commandOf, messageTypeMask } from '../container/session/commands.ts';
import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-command-while-stopped',
  title: 'A command that a stopped device does not serve',
  threats: ['corruption'],
  cwe: 'CWE-841',
  rationale: `
In STOP and STOP_COPY a server serves accesses to regions, DEVICE_FEATURE and MIG_DATA_READ, and
refuses everything else, so that nothing changes the state while it is saved. A server that maps
memory or resets the device at that time saves a state that never was.`,
  advice: 'Refuse in STOP and STOP_COPY what could change the state.',
  sources: ['libvfio-user lib/libvfio-user.c: cmd_allowed_when_stopped_and_copying()'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userSave({
        behind: [
          ask(9, 'DEVICE_GET_INFO', new Uint8Array(16)),
          answer(9, 'DEVICE_GET_INFO', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, state, from, flags } = event;
    if (state !== 'STOP' && state !== 'STOP_COPY') return;
    if (from === 'server' || (flags & messageTypeMask) === MESSAGE_REPLY) return;
    const known = commandOf(command);
    if (known === undefined || known.whileStopped === true || known.from === 'server') return;
    yield said(event, {
      message: `${known.name} is sent in ${state}`,
      expected: 'region accesses, DEVICE_FEATURE or MIG_DATA_READ',
      ...field.command,
    });
  },
});
