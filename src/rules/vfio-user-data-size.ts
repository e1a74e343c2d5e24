import { MESSAGE_REPLY, MIG_DATA_READ, messageTypeMask } from '../container/session/commands.ts';
import { answer, ask, dataHead, userRestore, userSave } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-data-size',
  title: 'The sizes of a data message contradict each other',
  threats: ['feeder'],
  cwe: 'CWE-130',
  rationale: `
argsz covers the eight bytes of head and the data; the data has as many bytes as size says, and they
are in the message. A server that believes one of the three without the others reads behind the
message or takes a state that has bytes of an earlier one in it. libvfio-user refuses it.`,
  advice: 'Compare argsz, size and the bytes that are there before using any of them.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_MIG_DATA_WRITE',
    'libvfio-user lib/migration.c: handle_mig_data_write()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        port: [
          ask(5, 'MIG_DATA_WRITE', dataHead(36)),
          answer(5, 'MIG_DATA_WRITE', undefined, { error: 22 }),
        ],
      }),
      userSave({
        header: [
          ask(4, 'MIG_DATA_READ', dataHead(64, 64)),
          answer(4, 'MIG_DATA_READ', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { data, command, flags } = event;
    if (data === undefined) return;
    const { argsz, size, got } = data;
    const isRead = command === MIG_DATA_READ;
    const isReply = (flags & messageTypeMask) === MESSAGE_REPLY;
    const carries = isRead === isReply;
    if (argsz - 8 >= size && (!carries || got >= size)) return;
    yield said(event, {
      message:
        argsz - 8 < size
          ? `argsz is ${argsz}, but size is ${size}`
          : `size is ${size}, but ${got} bytes of data are in the message`,
      expected: argsz - 8 < size ? `argsz of ${8 + size} or more` : 'as many bytes as size says',
      at: 16,
      length: 8,
    });
  },
});
