import { containerFault, shownValue } from './container-fault.ts';
import { changed, endOfState, port, sound, vfio } from './container-examples.ts';
export default containerFault({
  id: 'qemu-footer-id-mismatch',
  title: 'The footer of a section names another section',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1288',
  code: 'footer-id-mismatch',
  over: ['section-end'],
  rationale: `
The footer repeats the id of the section that it closes. With another id the body was cut, spliced
or read with the wrong grammar; QEMU refuses it, after its bytes have been applied.`,
  advice: 'Check the footer before a section takes effect.',
  sources: ['qemu migration/savevm.c: check_section_footer()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [port, endOfState], { footer: 77 })] })],
  }),
  say: ({ got, wanted }) => ({
    message: `the footer closes section ${shownValue(got)}`,
    expected: `section ${shownValue(wanted)}`,
  }),
});
