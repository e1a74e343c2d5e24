import { containerFault } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
import { sectionText } from './container-place.ts';
export default containerFault({
  id: 'qemu-stream-truncated',
  title: 'The stream ends before its end',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'truncated',
  over: ['header', 'section', 'multifd-hello', 'libvirt-header'],
  rationale: `
The bytes stop inside a section, or before the EOF item that ends every stream. A loader has by then
applied what came before: device state is handed to the device while it is read, so a cut stream
leaves a device half restored. A read past the end gives zeros in parts of QEMU, which are taken
for values before the error is noticed.`,
  advice: 'Apply nothing of a device before all of its state has arrived.',
  sources: [
    'qemu migration/savevm.c: qemu_loadvm_state_main()',
    'qemu migration/qemu-file.c: qemu_peek_byte()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ timer: [], full: [], eof: [], vmdesc: [] })],
  }),
  say: ({ section }) => ({
    message:
      section === undefined
        ? 'the input ends where an item of the stream should begin'
        : `the input ends inside the ${sectionText(section)}`,
    expected: 'an EOF item at the end of the stream',
  }),
});
