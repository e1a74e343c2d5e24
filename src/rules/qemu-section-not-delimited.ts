import { containerFault } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
import { sectionText } from './container-place.ts';
export default containerFault({
  id: 'qemu-section-not-delimited',
  title: 'No end of a section can be found',
  severity: 'high',
  confidence: 'likely',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'section-not-delimited',
  over: ['section'],
  rationale: `
The body of this section is that of an emulated device, which has no length. Neither the
description nor a footer nor a header behind it says where it ends, so nothing that follows could
be checked. A loader that knows the device reads as many bytes as its own version of it has.`,
  advice: 'Send footers, and a description of the sections.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_start_full()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        header: [{ item: 'header', footers: false }],
        full: [{ item: 'bytes', bytes: new Uint8Array(64).fill(0x55) }],
        eof: [],
        vmdesc: [],
      }),
    ],
  }),
  say: ({ section }) => ({
    message: `the ${section === undefined ? 'section' : sectionText(section)} has no end that can be found`,
  }),
});
