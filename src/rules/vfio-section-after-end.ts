import type { Section } from '../container/events.ts';
import { changed, parts, sound } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-section-after-end',
  title: 'A device goes on after its END section',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
END is the last that a device says of its state. A PART behind it adds bytes that the source did not
save there, or shows that the sections were reordered. QEMU takes it and writes them to the device.`,
  advice: 'Refuse data of a device whose END has been read.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_part_end()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ part: [], end: [...parts.end, ...parts.part] })],
  }),
  watch: () => {
    const ended = new Map<number, Section>();
    return {
      kinds: ['section'],
      *event(event) {
        if (event.kind !== 'section' || event.section.device === undefined) return;
        const { section } = event;
        const { device } = event.section;
        if (section.type === 'end') ended.set(device, section);
        const before = ended.get(device);
        if (section.type !== 'part' || before === undefined) return;
        yield {
          message: 'a PART section comes behind the END of its device',
          at: [atSection(section), atSection(before, 'the END section')],
        };
      },
    };
  },
});
