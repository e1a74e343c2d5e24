import type { Section } from '../container/events.ts';
import { changed, config, endOfState, parts, sound, vfio } from './container-examples.ts';
import { atSection, sectionText } from './container-place.ts';
import { defineRule } from './rule.ts';
import { areTwins } from './section-repeated.ts';

/** Names that are remembered; no machine has as many devices. */
const MOST_NAMES = 1 << 16;

export default defineRule({
  id: 'qemu-device-id-changed',
  title: 'One device has two section ids',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['section'] },
  rationale: `
Two sections name the same device and instance under different ids. Either one of them belongs to
another device, whose name was changed to this one, or the device is loaded twice. QEMU keeps the id
that came last and refuses or misdirects the sections of the other. Emulated devices that write one FULL
section each under one name, as the two channels of isa-ide do, are left to the rule
qemu-full-repeated.`,
  advice: 'Refuse a device that comes back under another id.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_start_full()'],
  examples: () => ({
    good: [sound, changed({ timer: [...parts.timer, { ...parts.timer[0], id: 77 }] })],
    bad: [changed({ full: [vfio('full', [config, endOfState], { id: 99 })] })],
  }),
  watch: () => {
    const ids = new Map<string, Section>();
    return {
      kinds: ['section'],
      *event(event) {
        if (event.kind !== 'section' || !event.section.known) return;
        const { section } = event;
        if (section.type === 'part' || section.type === 'end') return;
        const key = `${section.idstr}#${section.instance}`;
        const before = ids.get(key);
        if (before === undefined) {
          if (ids.size < MOST_NAMES) ids.set(key, section);
        } else if (before.id !== section.id && !areTwins(section, before)) {
          yield {
            message: `${sectionText(section)} had the id ${before.id} before`,
            at: [atSection(section), atSection(before, 'the device under its first id')],
          };
        }
      },
    };
  },
});
