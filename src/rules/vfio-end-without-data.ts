import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, mayBeElsewhere, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-end-without-data',
  title: 'The END section of a VFIO device holds no data',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
Everything that the stream has of this device was sent while it ran, and nothing after it was stopped.
A device may have nothing left to say, and moving all bytes into PART sections loads the same; it is
also what a stream looks like from which the last record was taken out. QEMU takes both.`,
  advice: 'Let the device state say how long it is, and refuse to leave RESUMING before that.',
  sources: ['qemu hw/vfio/migration.c: vfio_save_complete_precopy()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [endOfState])] })],
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
          !device.bareEnd ||
          device.bytes === 0n ||
          (device.packets?.packets ?? 0) > 0 ||
          mayBeElsewhere(journal, device)
        )
          return;
        yield {
          message: 'END is END_OF_STATE alone, so nothing was sent after the device had stopped',

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
