import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-vmdesc-disagrees',
  title: 'The description gives another size than the section has',
  severity: 'medium',
  confidence: 'likely',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1288',
  code: 'vmdesc-disagrees',
  over: ['vmdesc'],
  rationale: `
The JSON behind the stream says how long each device section is, and this section ends elsewhere.
No QEMU reads the description when it loads, so if the section is right nothing happens; tools that
take the sizes for granted read the rest of the stream at the wrong places. If the description is
right, bytes were lost or added inside the section.`,
  advice: 'Take sizes from a description only where the footer confirms them.',
  sources: ['qemu scripts/analyze-migration.py', 'qemu migration/savevm.c: vmstate_save()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ vmdesc: [{ item: 'vmdesc', sizes: { timer: 23 } }] })],
  }),
  say: ({ got, wanted }) => ({
    message: `the section has ${shownValue(got)} bytes`,
    expected: `${shownValue(wanted)} bytes, as the description says`,
  }),
});
