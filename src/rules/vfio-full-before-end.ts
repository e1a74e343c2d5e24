import type { Section } from '../container/events.ts';
import { changed, parts, sound } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-full-before-end',
  title: 'The config record comes before the device state is complete',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
A source writes FULL after END, when the device has been restored. Here FULL comes first. QEMU takes it:
the config space is written to the device, with bus mastering and MSI-X as the guest had them, before
the device holds the state that they belong to.`,
  advice: 'Apply the config space only after the last byte of device state.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_complete_precopy()',
    'qemu migration/savevm.c: qemu_savevm_state_complete_precopy()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [], full: [...parts.full, ...parts.end] })],
  }),
  watch: () => {
    const full = new Map<number, Section>();
    return {
      kinds: ['section'],
      *event(event) {
        if (event.kind !== 'section' || event.section.device === undefined) return;
        const { section } = event;
        const { device } = event.section;
        const before = full.get(device);
        if (section.type === 'full') full.set(device, section);
        else if (before !== undefined && section.type !== 'start') {
          full.delete(device);
          yield {
            message: `FULL comes before the ${section.type.toUpperCase()} section of its device`,
            expected: 'FULL behind END',
            at: [atSection(before), atSection(section, 'state of the device that comes later')],
          };
        }
      },
    };
  },
});
