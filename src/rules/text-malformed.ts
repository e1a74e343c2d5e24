import { faultRule, named } from './fault-rule.ts';
import { struct, text } from '../layout/vocabulary.ts';

const header = struct({ id: text(4) });

export default faultRule({
  id: 'text-malformed',
  title: 'Name is not printable text padded with NUL',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  fault: 'bad-text',
  rationale: `
Names in a device state select what is restored. Bytes that are not printable, or that follow the
terminating NUL, make two readers see two names, and reach logs and terminals as control codes.`,
  advice: 'Accept printable ASCII with zero padding only.',
  sources: ['CWE-1286'],
  examples: () => ({
    good: [{ layout: header, draft: { id: 'bnk0' } }],
    bad: [{ layout: header, draft: { id: Uint8Array.of(0x62, 0, 0x6b, 0) } }],
  }),
  say: (field) => ({
    message: `${named(field)} is not printable text padded with NUL`,
  }),
});
