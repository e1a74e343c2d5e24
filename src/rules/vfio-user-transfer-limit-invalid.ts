import { answer, ask, capabilities, userRestore, userSave, version } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-transfer-limit-invalid',
  title: 'The limit of a data transfer is no sensible number',
  threats: ['feeder'],
  cwe: 'CWE-194',
  rationale: `
max_data_xfer_size bounds what one message may move. libvfio-user reads it as a signed number of 32
bits and widens it, so a negative number, or one of 2^31 and more, becomes a limit of nearly
everything: with -1 a read of 2 MiB was served that is refused otherwise, and the server allocates
what it is asked for.`,
  advice: 'Take a limit from 1 to your own, and refuse every other.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_VERSION, max_data_xfer_size',
    'libvfio-user lib/tran.c: tran_parse_version_json()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        version: [
          ask(1, 'VERSION', version('{"capabilities":{"max_data_xfer_size":-1}}')),
          answer(1, 'VERSION', version(capabilities)),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const transfer = event.version?.transfer;
    if (transfer === undefined) return;
    if (Number.isInteger(transfer) && transfer > 0 && transfer < 2 ** 31) return;
    yield said(event, {
      message: `max_data_xfer_size is ${transfer}`,
      expected: 'a number from 1 to 2147483647',
      at: 20,
    });
  },
});
