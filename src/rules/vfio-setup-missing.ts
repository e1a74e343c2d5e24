import type { Section } from '../container/events.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-setup-missing',
  title: 'A START section without SETUP',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
The START section of a device is SETUP and END_OF_STATE and nothing else. Here SETUP is missing. QEMU
takes it, because one function reads the sections of all types and accepts any of their records in
any of them; a source never writes it.`,
  advice: 'Read each section type by its own grammar.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_save_setup()',
    'qemu hw/vfio/migration.c: vfio_load_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [vfio('start', [endOfState])] })],
  }),
  watch: () => {
    let open: Section | undefined;
    let seen = false;
    return {
      kinds: ['fault', 'section', 'section-end', 'vfio-record'],
      *event(event) {
        if (event.kind === 'section' && event.section.grammar === 'vfio') {
          open = event.section;
          seen = false;
        } else if (event.kind === 'vfio-record') seen ||= event.name === 'DEV_SETUP_STATE';
        else if (event.kind === 'fault') open = undefined;
        else if (event.kind === 'section-end') {
          if (open?.type === 'start' && event.section === open && !seen) {
            yield {
              message: 'the START section has no SETUP',
              expected: 'SETUP, END_OF_STATE',
              at: [atSection(open)],
            };
          }
          open = undefined;
        }
      },
    };
  },
});
