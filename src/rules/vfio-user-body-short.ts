import {
  MESSAGE_ERROR,
  MESSAGE_REPLY,
  MIG_DATA_READ,
  VERSION,
  commandOf,
  messageHeaderLength,
  messageTypeMask,
} from '../container/session/commands.ts';
import { answer, ask, dataHead, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-body-short',
  title: 'A message is shorter than its structure',
  threats: ['feeder'],
  cwe: 'CWE-131',
  rationale: `
Each command has a structure behind the header, and a server refuses a message that is too short for
it. One that does not look reads what an earlier message left in its buffer, and so does a client that
takes a reply without its head for the end of the data.`,
  advice: 'Compare the size of a message with the structure of its command.',
  sources: ['libvfio-user docs/vfio-user.rst: Commands', 'libvfio-user include/vfio-user.h'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [
      userRestore(),
      userSave(),
      userSave({
        header: [
          ask(4, 'MIG_DATA_READ', dataHead(64, 64)),
          answer(4, 'MIG_DATA_READ', undefined, { error: 22 }),
        ],
      }),
    ],
    bad: [
      userRestore({
        behind: [
          ask(8, 'DMA_MAP', new Uint8Array(31)),
          answer(8, 'DMA_MAP', undefined, { error: 22 }),
        ],
      }),
      userSave({ end: [ask(7, 'MIG_DATA_READ', dataHead(64)), answer(7, 'MIG_DATA_READ')] }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, got, flags } = event;
    const known = commandOf(command);
    if (known === undefined) return;
    const body = got - messageHeaderLength;
    const isReply = (flags & messageTypeMask) === MESSAGE_REPLY;
    // Of a reply only its shape on success is known; of these two, whoever asked reads it.
    const read = command === VERSION || command === MIG_DATA_READ;
    if (isReply ? !read || (flags & MESSAGE_ERROR) !== 0 : body === 0) return;
    // A request that is nothing but a header is told by its size.
    if (body >= known.request) return;
    yield said(event, {
      message: `${isReply ? 'the reply to ' : ''}${known.name} has ${body} bytes behind its header`,
      expected: `at least ${known.request} bytes`,
      ...field.body,
    });
  },
});
