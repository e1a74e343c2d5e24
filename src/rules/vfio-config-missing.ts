import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, mayBeElsewhere, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-config-missing',
  title: 'A VFIO device has no config record',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
The config record holds the PCI config space, interrupt lines and MSI-X table that go with the device
state. Without it the destination keeps its own, with interrupts and BARs that the guest did not
set up. QEMU takes such a stream without a word. State that travels in multifd channels carries the
record there; then this rule cannot decide and is silent.`,
  advice: 'Require one config record of each device that has state.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_state()',
    'qemu hw/vfio/migration.c: vfio_load_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ full: [vfio('full', [endOfState])] })],
  }),
  watch: () => {
    const journal = new VfioJournal();
    return {
      kinds: journalKinds,
      *event(event) {
        const device = journal.take(event);
        if (
          device === undefined ||
          journal.damaged ||
          device.starts === 0 ||
          device.configs + (device.packets?.configs ?? 0) > 0 ||
          mayBeElsewhere(journal, device)
        )
          return;
        yield {
          message: 'the device has no config record',
          expected: journal.multifd ? 'CONFIG in its last packet' : 'CONFIG in its FULL section',
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
