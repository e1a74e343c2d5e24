import {
  MESSAGE_REPLY,
  commandOf,
  messageHeaderLength,
  messageTypeMask,
} from '../container/session/commands.ts';
import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-body-short',
  title: 'A request is shorter than its structure',
  threats: ['feeder'],
  cwe: 'CWE-131',
  rationale: `
Each command has a structure behind the header, and a server refuses a message that is too short for
it. One that does not look reads what an earlier message left in its buffer.`,
  advice: 'Compare the size of a message with the structure of its command.',
  sources: ['libvfio-user docs/vfio-user.rst: Commands', 'libvfio-user include/vfio-user.h'],
  over: ['session-message'],
  begin: nothingKept,
  examples: {
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [
          ask(8, 'DMA_MAP', new Uint8Array(31)),
          answer(8, 'DMA_MAP', undefined, { error: 22 }),
        ],
      }),
    ],
  },
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, got, flags } = event;
    const known = commandOf(command);
    const body = got - messageHeaderLength;
    // One that is nothing but a header is told by its size.
    if (known === undefined || body === 0 || (flags & messageTypeMask) === MESSAGE_REPLY) return;
    if (body >= known.request) return;
    yield said(event, {
      message: `${known.name} has ${body} bytes behind its header`,
      expected: `at least ${known.request} bytes`,
      ...field.body,
    });
  },
});
