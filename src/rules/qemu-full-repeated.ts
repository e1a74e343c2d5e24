import { changed, parts, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';
import { watchRepeated } from './section-repeated.ts';

export default defineRule({
  id: 'qemu-full-repeated',
  title: 'The state of a device comes twice',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
Each device writes one FULL section. QEMU takes a second one of the same name and loads it over the first,
so what the guest goes on with is whichever comes last; a check that looked at the first is void.
Where an emulated device comes again under an id of its own, the source may have two that it knows by one
name, as the machine isapc has for isa-ide: QEMU loads both into the first, and the severity is low.`,
  advice: 'Refuse a second FULL section of a device.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ full: [...parts.full, ...parts.full] })],
  }),
  watch: watchRepeated('full'),
});
