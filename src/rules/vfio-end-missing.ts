import { changed, sound } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-end-missing',
  title: 'A VFIO device has no END section',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
END carries what the device saves after it was stopped. Without it the destination has at most the
pre-copy part of the state. QEMU takes such a stream and reports success, because it never asks
whether each device was sent to its end: the device then starts with its old or a half state, or
fails when the guest starts.`,
  advice: 'Require exactly one END of each device that has a START.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_complete_precopy()',
    'qemu migration/savevm.c: qemu_loadvm_state_main()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [] })],
  }),
  watch: () => {
    const journal = new VfioJournal();
    return {
      kinds: journalKinds,
      *event(event) {
        const device = journal.take(event);
        if (device === undefined || journal.damaged || !(device.starts > 0 && device.ends === 0))
          return;
        yield {
          message:
            (device.packets?.configs ?? 0) > 0
              ? 'the device has no END section, though its last state came in packets'
              : 'the device has no END section, so its last state was never sent',
          expected: 'one END section',
          // What should stand in it is there, in packets: QEMU loads such a stream.
          ...((device.packets?.configs ?? 0) > 0 ? { severity: 'low' as const } : {}),
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
