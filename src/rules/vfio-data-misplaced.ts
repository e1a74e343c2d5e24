import { changed, endOfState, port, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-data-misplaced',
  title: 'Device data outside PART and END',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
A source sends device data in PART and END. QEMU takes it in START, before the device is told that its
state begins, and in FULL, after the source has said that it ended: either way the device is given
bytes that are not part of the state that was saved.`,
  advice: 'Read each section type by its own grammar.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_state()',
    'qemu hw/vfio/migration.c: vfio_save_iterate()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [vfio('start', [port, endOfState])] })],
  }),
  watch: () => ({
    kinds: ['vfio-record'],
    *event(event) {
      if (event.kind !== 'vfio-record' || event.name !== 'DEV_DATA_STATE') return;
      if (
        event.section.recovered ||
        !(event.section.type !== 'part' && event.section.type !== 'end')
      )
        return;
      yield {
        message: `device data stands in a ${event.section.type.toUpperCase()} section`,
        expected: 'DATA_STATE in PART or END only',
        at: [inSection(event.section, event.offset, 8)],
      };
    },
  }),
});
