import { containerFault, shownValue } from './container-fault.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { mttyState } from './examples.ts';
export default containerFault({
  id: 'vfio-data-length-past-end',
  title: 'A data record claims more bytes than its section holds',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  code: 'data-length-past-end',
  over: ['vfio-record'],
  rationale: `
The length of a DATA record is a 64-bit number that QEMU does not bound: it passes on to the device
whatever follows in the stream, other sections and guest memory included, until the bytes end or the
device refuses. With a length of 2^63 a real destination wrote the whole rest of the stream into its
device.`,
  advice: 'Bound the length by what the source said it would send, and the bytes by the section.',
  sources: ['qemu hw/vfio/migration.c: vfio_load_buffer()', 'CWE-130'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        end: [
          vfio('end', [
            { vfio: 'DEV_DATA_STATE', data: mttyState.subarray(24), length: 1n << 63n },
            endOfState,
          ]),
        ],
      }),
    ],
  }),
  say: ({ got, wanted }) => ({
    message: `length claims ${shownValue(got)} bytes, but ${shownValue(wanted)} stand before the section ends`,
    expected: shownValue(wanted),
  }),
});
