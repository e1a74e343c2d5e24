import { changed, parts, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';
import { watchRepeated } from './section-repeated.ts';

export default defineRule({
  id: 'qemu-start-repeated',
  title: 'A device begins twice',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
START announces a device once. A second one of the same device makes the loader set it up again in the
middle of loading, or gives its id to something else. QEMU takes it.`,
  advice: 'Refuse a second START section of a device.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ start: [...parts.start, ...parts.start] })],
  }),
  watch: watchRepeated('start'),
});
