import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-configuration-invalid',
  title: 'The configuration section is malformed',
  severity: 'high',

  threats: ['corruption', 'feeder', 'version'],
  cwe: 'CWE-1286',
  code: 'configuration-invalid',
  over: ['header'],
  rationale: `
The configuration says which machine, page size and capabilities the rest of the stream is written
for. Its name length is a 32-bit number that a loader allocates, and a subsection that a loader does
not know has no length to skip it by, so QEMU refuses it.`,
  advice: 'Bound the length of the name, and refuse subsections that you do not know.',
  sources: [
    'qemu migration/savevm.c: vmstate_configuration',
    'qemu migration/vmstate.c: vmstate_subsection_load()',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        configuration: [
          {
            item: 'configuration',
            machine: 'pc-i440fx-10.0',
            subsections: [{ name: 'configuration/else', value: 1 }],
          },
        ],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `the configuration has ${shownValue(got)}`,
    expected: shownValue(wanted),
  }),
});
