import { mttyState, patched } from './examples.ts';
import { faultRule, list, named, shown } from './fault-rule.ts';

export default faultRule({
  id: 'version-unsupported',
  title: 'Written by a version that this reader does not take',
  severity: 'high',
  threats: ['version'],
  cwe: 'CWE-1287',
  fault: 'unsupported-version',
  rationale: `
A version that the reader was not written for may give the same bytes another meaning. It must be
refused before any field behind it is used. The mtty driver compares its version once, at the write
that completes the header; a feeder that ignores that one error gets the state loaded.`,
  advice: 'Compare the version before using anything behind it, and make the refusal final.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write()'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(8, 2), format: 'mtty' }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${shown(field)}`,
    expected: list(wanted),
  }),
});
