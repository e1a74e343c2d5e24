import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-vmdesc-damaged',
  title: 'The description behind the stream is damaged',
  severity: 'low',

  threats: ['corruption'],
  cwe: 'CWE-1286',
  code: 'vmdesc-damaged',
  over: ['eof'],
  rationale: `
The JSON that the source wrote about its sections is cut or is no JSON. No QEMU reads it when it
loads, so the stream still loads in full; a damaged tail is a hint that more was damaged.`,
  advice: 'Do not depend on the description.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state() skips the description'],
  examples: () => ({
    good: [sound],
    bad: [changed({ vmdesc: [{ item: 'vmdesc', text: '{"devices": [' }] })],
  }),
  say: ({ got, wanted }) => ({
    message: `the description is damaged: ${shownValue(wanted)} wanted, ${shownValue(got)} found`,
  }),
});
