import {
  MESSAGE_REPLY,
  commandOf,
  commandText,
  messageTypeMask,
} from '../container/session/commands.ts';
import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-direction-wrong',
  title: 'A message goes the wrong way',
  threats: ['feeder'],
  cwe: 'CWE-940',
  rationale: `
Every command belongs to one side: the client drives the device, the server asks for memory. A client
that serves what a server sends it, without looking at who may ask, can be made to load a state by the
process that it loads the state into.`,
  advice: 'Serve only the commands that the other side may send.',
  sources: ['libvfio-user docs/vfio-user.rst: Commands'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [
          ask(8, 'DMA_READ', new Uint8Array(16)),
          answer(8, 'DMA_READ', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, from, flags } = event;
    const owner = commandOf(command)?.from;
    if (owner === undefined) return;
    const isReply = (flags & messageTypeMask) === MESSAGE_REPLY;
    if ((owner === from) !== isReply) return;
    const what = isReply ? `a reply to ${commandText(command)}` : commandText(command);
    yield said(event, {
      message: `the ${from} sends ${what}`,
      expected: `${owner} to ${owner === 'client' ? 'server' : 'client'}`,
      ...field.command,
    });
  },
});
