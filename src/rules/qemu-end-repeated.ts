import { changed, parts, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';
import { watchRepeated } from './section-repeated.ts';

export default defineRule({
  id: 'qemu-end-repeated',
  title: 'A device ends twice',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
END carries the last state of a device. QEMU takes a second one and writes its data behind the first: a
device that was restored gets a second helping of bytes.`,
  advice: 'Refuse a second END section of a device.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [...parts.end, ...parts.end] })],
  }),
  watch: watchRepeated('end'),
});
