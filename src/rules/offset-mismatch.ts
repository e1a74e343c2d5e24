import { faultRule, named, number, shown } from './fault-rule.ts';
import { le16, offsetOf, struct, u8 } from '../layout/vocabulary.ts';

const table = struct({ data_offset: le16({ role: offsetOf('data') }), data: u8() });

export default faultRule({
  id: 'offset-mismatch',
  title: 'Offset does not lead to what it names',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-823',
  fault: 'wrong-offset',
  rationale: `
The format has its parts at fixed places and also writes where they are. When the two disagree, a
reader that follows the offset reads other bytes than one that follows the layout.`,
  advice: 'Compute the place, and refuse a stated offset that differs.',
  sources: ['CWE-823'],
  examples: () => ({
    good: [{ layout: table, draft: { data: 1n } }],
    bad: [{ layout: table, draft: { data_offset: 7n, data: 1n } }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${shown(field)}`,
    expected: number(wanted),
  }),
});
