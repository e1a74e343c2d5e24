import { roleOf } from '../layout/types.ts';
import { mttyState } from './examples.ts';
import { expectedFields, meets } from './expectation.ts';
import { named, shown } from './fault-rule.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'identity-differs',
  title: 'The state belongs to another device than the destination’s',
  severity: 'high',
  threats: ['wrong-device'],
  cwe: 'CWE-345',
  applies: { to: 'expectation' },
  rationale: `
A field that identifies the device, or any field that the user named, is not what the destination
has. A driver that compares it refuses the state after the source has stopped its guest; one that
does not loads it. Comparing before the switch-over costs nothing.`,
  advice: 'Compare every identity field with the destination before the first byte is applied.',
  sources: [
    'linux samples/vfio-mdev/mtty.c: mtty_resume_write() compares nr_ports',
    'linux drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c: vf_qm_check_match()',
  ],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { nr_ports: '1' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { nr_ports: '2' } }],
  }),
  watch: ({ expect }) => ({
    *unit({ root, device, locate }) {
      for (const one of expectedFields(root, device, expect)) {
        const { layout } = one.field;
        if (layout !== 'gap' && (roleOf(layout, 'version') ?? roleOf(layout, 'compatibility'))) {
          continue;
        }
        if (meets(one)) continue;
        yield {
          message: `${named(one.field)} is ${shown(one.field)}, but the destination has ${one.wanted}`,
          expected: one.wanted,
          at: [locate(one.field)],
        };
      }
    },
  }),
});
