import { faultRule } from './fault-rule.ts';
import { lazy, rest, struct, u8 } from '../layout/vocabulary.ts';
import type { Layout } from '../layout/types.ts';

const nested = (depth: number): Layout =>
  depth === 0
    ? struct({ data: rest })
    : struct({ inner: lazy(() => nested(depth - 1)), byte: u8() });

export default faultRule({
  id: 'budget-exceeded',
  title: 'More parts than any real state has',
  severity: 'high',
  threats: ['feeder'],
  cwe: 'CWE-770',
  fault: 'budget',
  rationale: `
The state nests deeper, or has more fields or records, than the checker follows. No driver writes
such a state; what lies behind the limit was not checked. A restore path without such a limit is
kept busy, or out of memory, by a small input.`,
  advice: 'Limit depth, fields and records before reading them.',
  sources: ['CWE-770'],
  examples: () => ({
    good: [{ layout: nested(1), draft: {} }],
    bad: [{ layout: nested(70), draft: {} }],
  }),
  say: (_field, { of, limit }) => ({
    message: `the state exceeds the limit of ${limit} ${of === 'depth' ? 'levels' : of}; what follows was not checked`,
  }),
});
