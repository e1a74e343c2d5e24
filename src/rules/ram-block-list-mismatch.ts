import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'ram-block-list-mismatch',
  title: 'The RAM blocks do not add up to the total before them',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-191',
  code: 'ram-block-list',
  over: ['ram-block', 'section'],
  rationale: `
The list of blocks has no count: it goes on until the lengths in use reach the total. QEMU subtracts
each length from the total without asking whether it is larger, so a list that overshoots runs on
into the bytes behind it, which are then taken for names and lengths.`,
  advice: 'Add the lengths in exact arithmetic, and refuse a list that does not end at the total.',
  sources: ['qemu migration/ram.c: parse_ramblocks()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        ramStart: [
          {
            item: 'start',
            idstr: 'ram',
            body: [
              { ram: 'MEM_SIZE', total: 4096n, blocks: [{ name: 'pc.ram', usedLength: 8192n }] },
              { ram: 'EOS' },
            ],
          },
        ],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `the blocks have ${shownValue(got)} bytes`,
    expected: `${shownValue(wanted)} bytes, as the total before them says`,
  }),
});
