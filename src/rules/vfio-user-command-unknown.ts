import { MESSAGE_REPLY, commandOf, messageTypeMask } from '../container/session/commands.ts';
import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-command-unknown',
  title: 'A command that the protocol does not have',
  threats: ['version', 'feeder'],
  cwe: 'CWE-129',
  rationale: `
No server knows this number and all refuse it. It is a newer protocol than the two sides agreed on, or
bytes that are no message; a server that uses the number as the index of a table of handlers jumps to
a place that the sender chose.`,
  advice: 'Refuse a command that is not in your table.',
  sources: [
    'libvfio-user docs/vfio-user.rst: Commands',
    'libvfio-user lib/libvfio-user.c: exec_command()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [ask(8, 99, new Uint8Array(8)), answer(8, 99, undefined, { error: 22 })],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, flags } = event;
    if (commandOf(command) !== undefined || (flags & messageTypeMask) === MESSAGE_REPLY) return;
    yield said(event, {
      message: `command ${command} does not exist`,
      expected: 'a command of vfio-user',
      ...field.command,
    });
  },
});
