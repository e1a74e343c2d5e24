import { sectionName, sectionPrefix } from '../container/qemu/describe.ts';
import { sound, vfioName } from './container-examples.ts';
import { atSection } from './container-place.ts';
import { defineRule } from './rule.ts';

/** What a destination has that the small stream fits, without one of its sections. */
const machine = (without = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['ram#0', `${vfioName}#0`, 'timer#0']
      .filter((name) => name !== without)
      .map((name) => [`qemu.section.${name}`, name === 'timer#0' ? 'version=2' : 'version=1']),
  );

export default defineRule({
  id: 'qemu-device-unexpected',
  title: 'The stream has a section that the destination has no device for',
  severity: 'high',

  threats: ['wrong-device'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [sectionPrefix] },
  rationale: `
A section is loaded by the device that registered its name and instance. The destination has none: it has
another device, or the same device at another place of the bus. QEMU refuses the section as unknown,
after everything before it was loaded.`,
  advice: 'Compare the devices of both sides before the guest is stopped.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_section_start_full()'],
  examples: () => ({
    good: [{ ...sound, expect: machine() }],
    bad: [{ ...sound, expect: machine('timer#0') }],
  }),
  watch: ({ expect }) => {
    const described = Object.keys(expect).some((key) => key.startsWith(sectionPrefix));
    return {
      kinds: ['section'],
      *event(event) {
        if (!described || event.kind !== 'section' || !event.section.known) return;
        const { type, idstr, instance } = event.section;
        if (type === 'part' || type === 'end') return;
        if (Object.hasOwn(expect, sectionPrefix + sectionName(idstr, instance))) return;
        yield {
          message: `the destination has no ${JSON.stringify(idstr)} instance ${instance}`,
          at: [atSection(event.section)],
        };
      },
    };
  },
});
