import { sectionName, sectionPrefix } from '../container/qemu/describe.ts';
import { sound } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-section-version-newer',
  title: 'A section of a newer version than the destination reads',
  severity: 'high',

  threats: ['version'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [sectionPrefix] },
  rationale: `
Each section has the version of its device’s layout. QEMU refuses one that is larger than its own and
takes a smaller one by the rules of that device.`,
  advice: 'Compare versions before the guest is stopped.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_start_full()'],
  examples: () => ({
    good: [{ ...sound, expect: { 'qemu.section.timer#0': 'version=2' } }],
    bad: [{ ...sound, expect: { 'qemu.section.timer#0': 'version=1' } }],
  }),
  watch: ({ expect }) => ({
    kinds: ['section'],
    *event(event) {
      if (event.kind !== 'section' || !event.section.known) return;
      const { type, idstr, instance, version } = event.section;
      if (type === 'part' || type === 'end') return;
      const wanted = /^version=(?<most>\d+)$/u.exec(
        expect[sectionPrefix + sectionName(idstr, instance)] ?? '',
      )?.groups?.most;
      if (wanted === undefined || version <= Number(wanted)) return;
      yield {
        message: `${JSON.stringify(idstr)} is of version ${version}`,
        expected: `at most ${wanted}`,
        at: [atSection(event.section)],
      };
    },
  }),
});
