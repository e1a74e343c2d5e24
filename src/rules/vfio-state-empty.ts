import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, mayBeElsewhere, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-state-empty',
  title: 'A VFIO device has sections and no state',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
The sections of this device are complete and not one byte of device state is in them. QEMU takes such a
stream. What the driver then loads is nothing, or what an earlier session left behind.`,
  advice: 'Refuse to leave RESUMING when nothing was written.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_state()',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ part: [], end: [vfio('end', [endOfState])] })],
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
          device.ends === 0 ||
          device.bytes > 0n ||
          (device.packets?.bytes ?? 0) > 0 ||
          mayBeElsewhere(journal, device)
        )
          return;
        yield {
          message: 'the sections of the device hold no byte of its state',

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
