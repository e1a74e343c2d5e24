import { changed, sound } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-start-missing',
  title: 'A VFIO device has state but no START section',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
START tells the destination to prepare the device for loading. The stream has a FULL section of this
device and no START. QEMU takes such a stream: it loads the configuration of a device whose own state
was never announced.`,
  advice: 'Require START before any other section of a device.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_setup()',
    'qemu migration/savevm.c: qemu_loadvm_section_start_full()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [], part: [], end: [] })],
  }),
  watch: () => {
    const journal = new VfioJournal();
    return {
      kinds: journalKinds,
      *event(event) {
        const device = journal.take(event);
        if (device === undefined || journal.damaged || !(device.fulls > 0 && device.starts === 0))
          return;
        yield {
          message: 'the device has no START section',
          expected: 'START before FULL',
          device: device.name,
          at: [
            device.first === undefined
              ? place(device.name, device.opened)
              : atSection(device.first),
          ],
        };
      },
    };
  },
});
