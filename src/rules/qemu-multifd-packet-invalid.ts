import { containerFault, shownValue } from './container-fault.ts';
import { multifdExample } from './multifd-example.ts';
export default containerFault({
  id: 'qemu-multifd-packet-invalid',
  title: 'A packet of a side channel that no receiver should take',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  code: 'multifd-packet-invalid',
  over: ['multifd-hello'],
  rationale: `
A packet says how many pages it has and how many bytes follow it. QEMU checks the pages and, up to 10.2,
not the bytes of a compressed packet, which it reads into a buffer of 1 MiB. Nor does it ask whether an
offset is that of a page: one that is not has parts of two pages overwritten. Where the header itself is
damaged the receiver refuses the channel, or waits for bytes that never come.`,
  advice: 'Bound the size of a packet by its buffer, and its pages by the packet.',
  sources: [
    'qemu migration/multifd.c: multifd_recv_unfill_packet()',
    'qemu migration/multifd-zlib.c: multifd_zlib_recv()',
  ],
  examples: () => ({
    good: [multifdExample({})],
    bad: [multifdExample({ normal: 200 })],
  }),
  say: ({ got, wanted }) => ({
    message: `a packet has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
