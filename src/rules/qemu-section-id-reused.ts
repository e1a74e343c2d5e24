import type { Section } from '../container/events.ts';
import { changed, sound } from './container-examples.ts';
import { atSection, sectionText } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-section-id-reused',
  title: 'One section id stands for two devices',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['section'] },
  rationale: `
The id that a START or FULL takes is what PART and END are looked up by, so each device has its own, and
START and FULL of a device share it. Here an id that stood for one device is taken by another. QEMU
gives later sections to whichever device it finds first: state reaches a device that it was not saved
from.`,
  advice: 'Refuse an id that is taken by another device.',
  sources: [
    'qemu migration/savevm.c: find_se()',
    'qemu migration/savevm.c: qemu_loadvm_section_part_end()',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({ timer: [{ item: 'full', idstr: 'timer', id: 2, body: [new Uint8Array(24)] }] }),
    ],
  }),
  watch: () => {
    const owners = new Map<number, Section>();
    return {
      kinds: ['section'],
      *event(event) {
        if (event.kind !== 'section' || !event.section.known) return;
        const { section } = event;
        if (section.type === 'part' || section.type === 'end') return;
        const owner = owners.get(section.id);
        if (owner === undefined) owners.set(section.id, section);
        else if (owner.idstr !== section.idstr || owner.instance !== section.instance) {
          const name = `${JSON.stringify(owner.idstr)} instance ${owner.instance}`;
          yield {
            message: `${sectionText(section)} instance ${section.instance} takes the id of ${name}`,
            at: [atSection(section), atSection(owner, 'has the id already')],
          };
        }
      },
    };
  },
});
