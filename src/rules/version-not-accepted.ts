import { roleOf } from '../layout/types.ts';
import { mttyState } from './examples.ts';
import { expectedFields, meets } from './expectation.ts';
import { named, shown } from './fault-rule.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'version-not-accepted',
  title: 'Written by a version that the destination does not take',
  severity: 'high',
  threats: ['version'],
  cwe: 'CWE-1287',
  applies: { to: 'expectation' },
  rationale: `
The format knows this version, but the destination's driver or firmware was said to take another.
The refusal comes when the guest is already stopped, or not at all where a driver compares only
the major number.`,
  advice: 'Compare versions before the switch-over, and refuse what was not tested together.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write() compares major_ver and minor_ver'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { minor_ver: '0' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { minor_ver: '1' } }],
  }),
  watch: ({ expect }) => ({
    *unit({ root, device, locate }) {
      for (const one of expectedFields(root, device, expect)) {
        const { layout } = one.field;
        if (layout === 'gap' || roleOf(layout, 'version') === undefined || meets(one)) continue;
        yield {
          message: `${named(one.field)} is ${shown(one.field)}, but the destination takes ${one.wanted}`,
          expected: one.wanted,
          at: [locate(one.field)],
        };
      }
    },
  }),
});
