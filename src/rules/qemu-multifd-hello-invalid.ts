import { containerFault, shownValue } from './container-fault.ts';
import { multifdExample } from './multifd-example.ts';
export default containerFault({
  id: 'qemu-multifd-hello-invalid',
  title: 'A side channel begins with another version',
  severity: 'high',

  threats: ['version', 'corruption'],
  cwe: 'CWE-1286',
  code: 'multifd-hello-invalid',
  over: ['multifd-hello'],
  rationale: `
The first 64 bytes of each multifd channel are a magic, version 1, the UUID of the guest and the number of
the channel. QEMU refuses any other magic or version, and a number that it has no channel for.`,
  advice: 'Refuse a channel whose hello is not your own.',
  sources: ['qemu migration/multifd.c: multifd_recv_initial_packet()'],
  examples: () => ({
    good: [multifdExample({})],
    bad: [multifdExample({ version: 2 })],
  }),
  say: ({ got, wanted }) => ({
    message: `the hello has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
