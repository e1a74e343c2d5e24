import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-version-unsupported',
  title: 'The stream is not of a version that any QEMU reads',
  severity: 'high',

  threats: ['version', 'corruption'],
  cwe: 'CWE-1286',
  code: 'unsupported-version',
  over: ['header'],
  rationale: `
A stream begins with the magic QEVM and version 3. Version 2 ended in 2008 and every QEMU since
refuses anything else before it reads on; what follows such a header may have any meaning.`,
  advice: 'Refuse a magic or version that is not your own before reading on.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_header()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ header: [{ item: 'header', version: 4 }] })],
  }),
  say: ({ got, wanted }) => ({
    message: `the stream begins with ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
