import { containerFault, shownValue } from './container-fault.ts';
import { changed } from './container-examples.ts';
export default containerFault({
  id: 'qemu-iterable-invalid',
  title: 'The body of a migration helper section is malformed',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'iterable-invalid',
  over: ['section'],
  rationale: `
Dirty bitmaps, hash tables, storage attributes and the old block migration have grammars of their
own, whose flags and lengths are read straight from the stream. This body does not follow its
grammar, and what a loader makes of it depends on its version.`,
  advice: 'Refuse unknown flags, and lengths that the section cannot hold.',
  sources: [
    'qemu migration/block-dirty-bitmap.c: dirty_bitmap_load()',
    'qemu hw/ppc/spapr.c: htab_load()',
    'qemu hw/s390x/s390-stattrib.c: cmma_load()',
  ],
  examples: () => ({
    good: [
      changed({
        switchover: [{ item: 'start', idstr: 'dirty-bitmap', body: [Uint8Array.of(0x01)] }],
      }),
    ],
    bad: [
      changed({
        switchover: [{ item: 'start', idstr: 'dirty-bitmap', body: [Uint8Array.of(0x80, 0x7f)] }],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `the body has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
