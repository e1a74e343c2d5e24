import { containerFault } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
import { sectionText } from './container-place.ts';
export default containerFault({
  id: 'qemu-footer-missing',
  title: 'A section without the footer that closes it',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'missing-footer',
  over: ['section-end'],
  rationale: `
Each section of this stream is closed by a footer, but not this one. The footer is the only
evidence that writer and reader agree about the length of a body; QEMU refuses the section, after
its bytes have been applied.`,
  advice: 'Check the footer before a section takes effect.',
  sources: ['qemu migration/savevm.c: check_section_footer()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        timer: [
          { item: 'full', idstr: 'timer', version: 2, body: [new Uint8Array(24)], footer: false },
        ],
      }),
    ],
  }),
  say: ({ section }) => ({
    message: `${section === undefined ? 'a section' : `the ${sectionText(section)}`} has no footer`,
    expected: `the footer 7e with the section's id`,
  }),
});
