import { containerFault, shownValue } from './container-fault.ts';
import { withPages } from './multifd-example.ts';

export default containerFault({
  id: 'qemu-multifd-page-outside-block',
  title: 'A side channel has pages that lie in no block of the guest',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-823',
  code: 'multifd-page-outside',
  over: ['multifd-packet'],
  rationale: `
A packet names a block of RAM and the offsets of its pages there. The main channel lists the blocks with
their lengths. QEMU refuses a packet with a name that is not among its own, and an offset behind the
last page; a receiver that did not would write outside the memory of the guest.`,
  advice: 'Refuse a packet whose block or offsets the list of blocks does not have.',
  sources: ['qemu migration/multifd-nocomp.c: multifd_ram_unfill_packet()'],
  examples: () => ({
    good: [withPages({ page: 4096n })],
    bad: [withPages({ page: 8192n }), withPages({ block: 'pc.bios' })],
  }),
  say: ({ got, wanted }) => ({
    message: `a packet has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
