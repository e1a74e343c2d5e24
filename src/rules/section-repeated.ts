import type { Section, SectionType } from '../container/events.ts';
import { atSection, sectionText } from './container-place.ts';
import type { Watcher } from './rule.ts';

/** Names that are remembered; no machine has as many devices. */
const MOST_NAMES = 1 << 16;

/**
 * Two emulated devices that QEMU knows by one name and instance, such as the two channels of an ISA
 * disk controller: each writes a FULL section under an id of its own.
 */
export const areTwins = (section: Section, before: Section): boolean =>
  section.type === 'full' &&
  before.type === 'full' &&
  section.grammar === 'device' &&
  section.id !== before.id;

/** Eyes for a section of one type that comes again under the same name. */
export const watchRepeated = (type: SectionType) => (): Watcher => {
  const first = new Map<string, Section>();
  return {
    kinds: ['section'],
    *event(event) {
      if (event.kind !== 'section' || event.section.type !== type) return;
      const { section } = event;
      const key = `${section.idstr}#${section.instance}`;
      const before = first.get(key);
      if (before === undefined) {
        if (first.size < MOST_NAMES) first.set(key, section);
        return;
      }
      yield {
        message: `${sectionText(section)} comes a second time`,
        at: [atSection(section), atSection(before, 'the first')],
        ...(areTwins(section, before) ? { severity: 'low' as const } : {}),
      };
    },
  };
};
