import { changed, endOfState, setup, sound, vfio } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-section-version',
  title: 'A VFIO section of a version that was never written',
  severity: 'high',

  threats: ['version', 'feeder'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['section'] },
  rationale: `
Every QEMU from 5.2 to 11.1 writes version 1 for VFIO sections. A larger one is refused. Version 0 is
taken, because only larger versions are refused, but no source writes it.`,
  advice: 'Refuse every version but your own.',
  sources: [
    'qemu migration/savevm.c: qemu_loadvm_section_start_full()',
    'qemu hw/vfio/migration.c: vfio_migration_init()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [vfio('start', [setup, endOfState], { version: 2 })] })],
  }),
  watch: () => ({
    kinds: ['section'],
    *event(event) {
      if (event.kind !== 'section' || event.section.grammar !== 'vfio') return;
      const { type, version, known } = event.section;
      if (!known || type === 'part' || type === 'end' || version === 1) return;
      yield {
        message: `version_id is ${version}`,
        expected: '1',
        severity: version === 0 ? 'medium' : 'high',
        at: [atSection(event.section)],
      };
    },
  }),
});
