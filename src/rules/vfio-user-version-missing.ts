import { VERSION, commandText } from '../container/session/commands.ts';
import type { SessionMessage } from '../container/session/events.ts';
import { userRestore, userSave } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-version-missing',
  title: 'A connection without a VERSION message',
  threats: ['version', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
The first message of a client is VERSION; before it, nobody has agreed on how large a transfer may be
or which protocol is spoken. libvfio-user closes the connection on anything else.`,
  advice: 'Take nothing but VERSION on a new connection.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_VERSION',
    'libvfio-user lib/tran.c: recv_version()',
  ],
  over: ['session-message'],
  also: ['session-close'],
  begin: () => ({ first: undefined as SessionMessage | undefined, version: false }),
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [userRestore({ version: [] })],
  }),
  *see(event, memory) {
    if (event.kind === 'session-message') {
      memory.first ??= event;
      if (event.command === VERSION) memory.version = true;
    }
    if (event.kind !== 'session-close' || memory.first === undefined || memory.version) return;
    yield said(memory.first, {
      message: `the connection begins with ${commandText(memory.first.command)} and has no VERSION`,
      expected: 'VERSION as the first message',
    });
  },
});
