import { changed, port, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-init-data-sent-misplaced',
  title: 'INIT_DATA_SENT outside PART',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
INIT_DATA_SENT says, while the guest still runs, that the initial data is out; so it can only close a
PART. In END or FULL it ends the section where END_OF_STATE should, and QEMU refuses it unless
switchover-ack is on, after the data before it has been written to the device.`,
  advice: 'Take INIT_DATA_SENT in PART only.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_iterate()',
    'qemu hw/vfio/migration.c: vfio_load_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [port, { vfio: 'DEV_INIT_DATA_SENT' }])] })],
  }),
  watch: () => ({
    kinds: ['vfio-record'],
    *event(event) {
      if (event.kind !== 'vfio-record' || event.name !== 'DEV_INIT_DATA_SENT') return;
      if (event.section.recovered || !(event.section.type !== 'part')) return;
      yield {
        message: `INIT_DATA_SENT stands in a ${event.section.type.toUpperCase()} section`,
        expected: 'INIT_DATA_SENT in PART only',
        at: [inSection(event.section, event.offset, 8)],
      };
    },
  }),
});
