import { changed, endOfState, port, setup, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-setup-misplaced',
  title: 'SETUP outside the START section',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
SETUP belongs into START. In any other section it makes the loader expect END_OF_STATE next and leave
the rest of the section unread. QEMU takes it where END_OF_STATE does follow.`,
  advice: 'Read each section type by its own grammar.',
  sources: ['qemu hw/vfio/migration.c: vfio_load_state()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [port, setup, endOfState])] })],
  }),
  watch: () => ({
    kinds: ['vfio-record'],
    *event(event) {
      if (event.kind !== 'vfio-record' || event.name !== 'DEV_SETUP_STATE') return;
      if (event.section.recovered || !(event.section.type !== 'start')) return;
      yield {
        message: `SETUP stands in a ${event.section.type.toUpperCase()} section`,
        expected: 'SETUP_STATE in START only',
        at: [inSection(event.section, event.offset, 8)],
      };
    },
  }),
});
