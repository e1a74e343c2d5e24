import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-section-id-unknown',
  title: 'A later section of a device that never began',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1288',
  code: 'unknown-section-id',
  over: ['section'],
  rationale: `
PART and END name their device only by the id that its START introduced. No START has this id, so
QEMU refuses the section as unknown. The START was lost, or the id was changed on the way.`,
  advice: 'Refuse a section whose id no earlier section introduced.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_part_end()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [], full: [] })],
  }),
  say: ({ got }) => ({
    message: `no START introduced section id ${shownValue(got)}`,
    expected: 'the id of a section that began before',
  }),
});
