import { vfioLargestRead } from '../container/qemu/wire.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-data-oversized',
  title: 'A data record is longer than QEMU 8.0 and later write',
  severity: 'low',
  confidence: 'possible',
  threats: ['version', 'feeder'],
  cwe: 'CWE-1284',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
Since QEMU 8.0 a data record is one read of at most 1 MiB. A longer one comes from QEMU 5.2 to 7.2, whose
records are as long as the device liked and whose device state a driver of today does not take, or
from no QEMU at all.`,
  advice: 'Bound the length of a record by what a source of your version can write.',
  sources: ['qemu hw/vfio/migration.c: VFIO_MIG_DEFAULT_DATA_BUFFER_SIZE'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        end: [
          vfio('end', [
            { vfio: 'DEV_DATA_STATE', data: new Uint8Array((1 << 20) + 1) },
            endOfState,
          ]),
        ],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['vfio-record'],
    *event(event) {
      if (event.kind !== 'vfio-record' || event.dataLength === undefined) return;
      if (event.dataLength <= BigInt(vfioLargestRead)) return;
      yield {
        message: `a data record claims ${event.dataLength} bytes`,
        expected: `at most ${vfioLargestRead}`,
        at: [inSection(event.section, event.offset, 16)],
      };
    },
  }),
});
