import { commandText } from '../container/session/commands.ts';
import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-reply-command-differs',
  title: 'A reply is to another command than was asked',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-843',
  rationale: `
The reply has the id of a request and the command of none that has this id. Its body has another shape
than the client waits for, and is read as what it is not.`,
  advice: 'Compare id and command of a reply with those of the request.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [ask(8, 'REGION_READ', new Uint8Array(16)), answer(8, 'DEVICE_RESET')],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    if (event.request !== 'command-differs') return;
    yield said(event, {
      message: `the reply is to ${commandText(event.command)}, but id ${event.id} asked for something else`,
      expected: 'the command of the request',
      ...field.command,
    });
  },
});
