import { faultRule, hex, named } from './fault-rule.ts';
import { bytes, checksumOf, le32, struct } from '../layout/vocabulary.ts';

const block = struct({ data: bytes(4), crc: le32({ role: checksumOf('crc32', 'data') }) });

export default faultRule({
  id: 'checksum-mismatch',
  title: 'Checksum does not match the bytes that it covers',
  severity: 'high',
  threats: ['corruption'],
  cwe: 'CWE-354',
  fault: 'bad-checksum',
  rationale: `
The bytes changed after they were written. A checksum finds accidents, not attacks: whoever changes
the bytes on purpose also changes the sum.`,
  advice: 'Verify the checksum over everything it covers before using any of it.',
  sources: ['CWE-354'],
  examples: () => ({
    good: [{ layout: block, draft: {} }],
    bad: [{ layout: block, draft: { crc: 1n } }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${typeof field.value === 'bigint' ? hex(field.value) : 'malformed'}`,
    expected: hex(wanted),
  }),
});
