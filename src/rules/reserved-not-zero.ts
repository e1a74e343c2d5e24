import { mttyState, patched } from './examples.ts';
import { faultRule, named, shown } from './fault-rule.ts';

export default faultRule({
  id: 'reserved-not-zero',
  title: 'Reserved or padding bytes are not zero',
  severity: 'high',
  threats: ['corruption', 'exposure', 'version'],
  cwe: 'CWE-1286',
  fault: 'not-zero',
  rationale: `
Every sound writer stores zero there. Anything else is damage, a later version's field that this
reader would drop silently, or memory of the source host that was never cleared and now travels.
Padding of the mtty driver's port record is loaded and saved again as it is.`,
  advice: 'Refuse reserved bytes that are not zero, and clear padding before saving.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write() compares flags with 0'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(0x14, 1), format: 'mtty' }],
  }),
  say: (field, { role }) => ({
    message: `${named(field)} is ${shown(field)}, but it is ${role}`,
    expected: 'zero',
  }),
});
