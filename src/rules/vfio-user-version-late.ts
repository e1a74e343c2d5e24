import { MESSAGE_REPLY, messageTypeMask } from '../container/session/commands.ts';
import { answer, ask, capabilities, userRestore, userSave, version } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-version-late',
  title: 'VERSION is not the first message, or comes again',
  threats: ['version', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
The limits of a connection are agreed on once, before anything else. A server that takes VERSION again
changes them under requests that are being served, and one that takes other messages before it serves
them without any.`,
  advice: 'Refuse VERSION in every place but the first.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_VERSION',
    'libvfio-user lib/libvfio-user.c: exec_command()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [
          ask(8, 'VERSION', version(capabilities)),
          answer(8, 'VERSION', version(capabilities)),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { version, flags, request } = event;
    const isReply = (flags & messageTypeMask) === MESSAGE_REPLY && request !== 'not-recorded';
    if (version?.late !== true || isReply) return;
    yield said(event, {
      message: 'VERSION comes after other messages',
      expected: 'VERSION as the first message, once',
      ...field.command,
    });
  },
});
