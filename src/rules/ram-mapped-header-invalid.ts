import { containerFault, shownValue } from './container-fault.ts';
import type { RamBlockDraft } from '../container/qemu/write.ts';
import { changed } from './container-examples.ts';
/** A stream whose RAM is mapped: 8 KiB of pages at 8 KiB of the file. */
const mapped = (region: NonNullable<RamBlockDraft['mapped']>): ReturnType<typeof changed> =>
  changed({
    configuration: [
      {
        item: 'configuration',
        machine: 'pc-i440fx-10.0',
        subsections: [{ name: 'configuration/capabilities', value: ['mapped-ram'] }],
      },
    ],
    ramStart: [
      {
        item: 'start',
        idstr: 'ram',
        body: [
          { ram: 'MEM_SIZE', blocks: [{ name: 'pc.ram', usedLength: 8192n, mapped: region }] },
          { ram: 'EOS' },
        ],
      },
    ],
    ramPart: [],
  });

export default containerFault({
  id: 'ram-mapped-header-invalid',
  title: 'A mapped-ram region points where it cannot be',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1285',
  code: 'mapped-ram-header',
  over: ['ram-block'],
  rationale: `
Under mapped-ram a block’s pages lie at an offset of the file that the stream names. QEMU to 10.2
checks neither the page size, by which it divides, nor whether regions overlap one another or the
stream itself: a page size of 0 ends the process, and an offset that points back has bytes loaded as
guest memory that were judged as something else.`,
  advice: 'Demand the page size of the target, and regions that follow one another and the stream.',
  sources: ['qemu migration/ram.c: parse_ramblock_mapped_ram()'],
  examples: () => ({
    good: [mapped({ pagesOffset: 8192n })],
    bad: [mapped({ pagesOffset: 8192n, pageSize: 0n })],
  }),
  say: ({ got, wanted }) => ({
    message: `a mapped-ram header has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
