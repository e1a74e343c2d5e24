import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'ram-record-invalid',
  title: 'A RAM record that does not fit the RAM that was announced',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  code: 'ram-record-invalid',
  over: ['ram-block'],
  rationale: `
A record names a block and an offset, and what it carries is written into guest memory there. This
one has flags that belong to no record, a block that was not announced, an offset behind the end of
its block, or a length that no page has. QEMU refuses it; a loader that checks less writes outside
the guest’s memory.`,
  advice: 'Check kind, block and offset of each record before writing a byte of it.',
  sources: [
    'qemu migration/ram.c: ram_load_precopy()',
    'qemu migration/ram.c: host_from_ram_block_offset()',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        ramPart: [
          {
            item: 'part',
            idstr: 'ram',
            body: [{ ram: 'ZERO', block: 'pc.ram', offset: 1 << 20 }, { ram: 'EOS' }],
          },
        ],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `a RAM record has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
