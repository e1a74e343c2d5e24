import {
  MESSAGE_ERROR,
  MESSAGE_NO_REPLY,
  MESSAGE_REPLY,
  messageTypeMask,
} from '../container/session/commands.ts';
import { answer, ask, dataHead, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

const known = messageTypeMask | MESSAGE_NO_REPLY | MESSAGE_ERROR;

const wrongFlags = (flags: number, error: number): string | undefined => {
  const type = flags & messageTypeMask;
  const failed = (flags & MESSAGE_ERROR) !== 0;
  if (type > MESSAGE_REPLY) return `the type of the message is ${type}`;
  if ((flags & ~known) !== 0) return `flags are 0x${(flags >>> 0).toString(16)}`;
  if (type !== MESSAGE_REPLY && failed) return 'a command has the Error bit';
  if (type === MESSAGE_REPLY && (flags & MESSAGE_NO_REPLY) !== 0) return 'a reply wants no reply';
  if (failed && error === 0) return 'the Error bit stands without an error';
  return error !== 0 && !failed ? `error ${error} stands without the Error bit` : undefined;
};

export default sessionRule({
  id: 'vfio-user-header-flags',
  title: 'The flags of a header say what cannot be',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1287',
  rationale: `
A message is a command or a reply; only a command can do without a reply, and only a reply can bring
an error. A client that looks at the Error bit alone takes a reply with an error number and without
the bit for success.`,
  advice: 'Refuse a header whose bits and error number do not fit each other.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        port: [
          ask(5, 'MIG_DATA_WRITE', dataHead(0)),
          answer(5, 'MIG_DATA_WRITE', undefined, { flags: 1, error: 22 }),
        ],
      }),
      userRestore({
        behind: [
          ask(8, 'DEVICE_GET_INFO', new Uint8Array(16)),
          answer(8, 'DEVICE_GET_INFO', undefined, { flags: 0x21 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const wrong = wrongFlags(event.flags, event.error);
    if (wrong === undefined) return;
    yield said(event, { message: wrong, expected: 'a command, or a reply', ...field.flags });
  },
});
