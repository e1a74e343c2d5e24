import { containerFault, shownValue } from './container-fault.ts';
import { changed, endOfState, port, sound, vfio } from './container-examples.ts';
export default containerFault({
  id: 'vfio-tag-unknown',
  title: 'A tag in device state that no QEMU knows',
  severity: 'high',

  threats: ['corruption', 'version', 'feeder'],
  cwe: 'CWE-1287',
  code: 'unknown-vfio-tag',
  over: ['vfio-record'],
  rationale: `
The state of a VFIO device is a run of tagged records, and where a tag must stand is another number.
QEMU refuses it, but the records before it have been written into the device already. Mostly the
length of the record before it is wrong, and then the device got too many bytes or too few.`,
  advice: 'Check the framing of a section before its first byte is written to the device.',
  sources: ['qemu hw/vfio/migration.c: vfio_load_state()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [port, { vfio: 0n }, endOfState])] })],
  }),
  say: ({ got, wanted }) => ({
    message: `${shownValue(got)} stands where a tag must stand`,
    expected: shownValue(wanted),
  }),
});
