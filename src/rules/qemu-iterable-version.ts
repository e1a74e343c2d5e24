import { changed, sound } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

/** The version that every QEMU of today writes for its iterable devices, and the function that reads it. */
const versions: Readonly<Record<string, readonly [number, string]>> = {
  ram: [4, 'ram_load() takes no other'],
  'dirty-bitmap': [1, 'dirty_bitmap_load() takes no other'],
  'spapr/htab': [1, 'htab_load() takes no other'],
  's390-storage_attributes': [0, 'larger ones are refused'],
  block: [1, 'larger ones are refused'],
};

export default defineRule({
  id: 'qemu-iterable-version',
  title: 'An iterable section of a version that no QEMU reads',
  severity: 'high',
  threats: ['version', 'feeder'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['section'] },
  rationale: `
RAM, dirty bitmaps and the hash table have had one version each since QEMU 1.0, and their readers refuse
every other. Another one says that the layout of the body is another, so the walk of it rests on
nothing.`,
  advice: 'Refuse every version but your own.',
  sources: [
    'qemu migration/savevm.c: qemu_loadvm_section_start_full()',
    'qemu migration/ram.c: ram_load()',
    'qemu migration/block-dirty-bitmap.c: dirty_bitmap_load()',
    'qemu hw/ppc/spapr.c: htab_load()',
  ],
  examples: () => {
    const ram = (version: number): ReturnType<typeof changed> =>
      changed({
        ramStart: [
          {
            item: 'start',
            idstr: 'ram',
            version,
            body: [
              { ram: 'MEM_SIZE', blocks: [{ name: 'pc.ram', usedLength: 8192n }] },
              { ram: 'EOS' },
            ],
          },
        ],
      });
    return { good: [sound, ram(4)], bad: [ram(5), ram(3)] };
  },
  watch: () => ({
    kinds: ['section'],
    *event(event) {
      if (event.kind !== 'section') return;
      const { type, idstr, version, grammar } = event.section;
      if (type !== 'start' || grammar === 'device') return;
      const [wanted, why] = (Object.hasOwn(versions, idstr) ? versions[idstr] : undefined) ?? [];
      if (wanted === undefined || version === wanted) return;
      yield {
        message: `${idstr} is of version ${version}; ${why}`,
        expected: `${wanted}`,
        // A smaller version that nothing refuses is read like the one that is written.
        severity: idstr === 'block' && version < wanted ? 'medium' : 'high',
        at: [atSection(event.section)],
      };
    },
  }),
});
