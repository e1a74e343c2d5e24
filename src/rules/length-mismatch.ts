import { faultRule, named, number, shown } from './fault-rule.ts';
import { bytes, le16, lengthOf, struct } from '../layout/vocabulary.ts';

const block = struct({ size: le16({ role: lengthOf('data') }), data: bytes(4) });

export default faultRule({
  id: 'length-mismatch',
  title: 'Stated length is not the length of what follows',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  fault: 'wrong-length',
  rationale: `
The part has a length of its own and the header states another. Two readers that use one and the
other come apart, and a copy by the stated length passes the end of the part.`,
  advice: 'Refuse a stated length that differs from the real one.',
  sources: ['CWE-130'],
  examples: () => ({
    good: [{ layout: block, draft: {} }],
    bad: [{ layout: block, draft: { size: 5n } }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${shown(field)}`,
    expected: number(wanted),
  }),
});
