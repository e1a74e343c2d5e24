import { MESSAGE_REPLY, commandText, messageTypeMask } from '../container/session/commands.ts';
import { answer, ask, dataHead, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-transfer-oversized',
  title: 'A message moves more than the two sides agreed on',
  threats: ['feeder'],
  cwe: 'CWE-770',
  rationale: `
max_data_xfer_size is the most that one message moves, 1 MiB where nobody says otherwise. A server
that serves more allocates what it is asked for, up to 4 GiB a request; a client that is answered with
more has no room for it.`,
  advice: 'Compare the size of every transfer with the limit of the connection.',
  sources: [
    'libvfio-user docs/vfio-user.rst: Read and Write Operations',
    'libvfio-user lib/migration.c: handle_mig_data_read()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userSave({
        header: [
          ask(4, 'MIG_DATA_READ', dataHead(1_048_577)),
          answer(4, 'MIG_DATA_READ', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { data, count, limit, flags } = event;
    const moved = data === undefined ? count : BigInt(data.size);
    // A reply answers a request that was too large already.
    if (moved === undefined || (flags & messageTypeMask) === MESSAGE_REPLY) return;
    if (moved <= BigInt(limit)) return;
    yield said(event, {
      message: `${commandText(event.command)} is about ${moved} bytes`,
      expected: `at most ${limit} bytes`,
      ...field.body,
    });
  },
});
