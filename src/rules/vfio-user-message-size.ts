import {
  DEVICE_RESET,
  commandText,
  longestMessage,
  messageHeaderLength,
  messageTypeMask,
} from '../container/session/commands.ts';
import { answer, ask, userRead, userRestore, userSave, version } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

const wide = '{"capabilities":{"max_data_xfer_size":2097152}}';

/** Bytes before the data of the longest transfer, an access to a region. */
const transferHead = 16;

export default sessionRule({
  id: 'vfio-user-message-size',
  title: 'The size in a header is not that of a message',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  rationale: `
A message is at least its header, at most a transfer of 1 MiB with its head, and only DEVICE_RESET has
nothing behind the header. A server refuses anything else: a size below 16 wraps when the header is
taken off, a large one is what the server would allocate, and one that is not the size of what was
sent puts both sides out of step.`,
  advice: 'Compare the size with both bounds before reading or allocating anything.',
  sources: [
    'libvfio-user docs/vfio-user.rst: Header',
    'libvfio-user lib/libvfio-user.c: is_valid_header()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [
      userRestore(),
      userSave(),
      // Both sides take 2 MiB, so a message may be that long.
      userSave({
        version: [ask(1, 'VERSION', version(wide)), answer(1, 'VERSION', version(wide))],
        end: userRead(7, 2 << 20, new Uint8Array(0)),
      }),
    ],
    bad: [
      userRestore({
        migration: [
          ask(2, 'DEVICE_FEATURE'),
          answer(2, 'DEVICE_FEATURE', undefined, { error: 22 }),
        ],
      }),
      userRestore({ behind: [ask(8, 'REGION_READ', new Uint8Array(16), { size: 15 })] }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { size, got, command, flags, limit } = event;
    const longest = Math.max(longestMessage, limit + messageHeaderLength + transferHead);
    const bare = (flags & messageTypeMask) === 0 && command !== DEVICE_RESET;
    const wrong =
      size < messageHeaderLength || size > longest || size !== got
        ? size !== got && size >= messageHeaderLength && size <= longest
          ? `the header says ${size} bytes, but the message has ${got}`
          : `the header says ${size} bytes`
        : bare && size === messageHeaderLength
          ? `${commandText(command)} has nothing behind its header`
          : undefined;
    if (wrong === undefined) return;
    yield said(event, {
      message: wrong,
      expected: `the size of the message, from ${messageHeaderLength} to ${longest}`,
      ...field.size,
    });
  },
});
