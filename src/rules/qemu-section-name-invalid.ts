import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-section-name-invalid',
  title: 'A section header without a usable name',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1287',
  code: 'section-header-invalid',
  over: ['section'],
  rationale: `
The name is what a loader looks a device up by. This one is empty or holds bytes that no device name
has, mostly because its length byte is wrong and the bytes of the body were read as part of it. QEMU
refuses the section as unknown; a reader that prints the name unescaped is open to terminal control
bytes.`,
  advice:
    'Refuse a section whose name is not one that is registered, and escape names before printing them.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_start_full()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        timer: [{ item: 'full', idstr: 'tim\u0001er', version: 2, body: [new Uint8Array(24)] }],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `the name of a section is ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
