import { faultRule, hex, named } from './fault-rule.ts';
import { iova, le64, struct } from '../layout/vocabulary.ts';

const queue = struct({ ring: le64({ role: iova(4096n) }) });

export default faultRule({
  id: 'address-misaligned',
  title: 'DMA address without the alignment that the device needs',
  severity: 'high',
  threats: ['guest', 'feeder', 'corruption'],
  cwe: 'CWE-1284',
  fault: 'misaligned',
  rationale: `
Hardware drops the low bits of a ring or queue address, or faults on them. A guest driver never
programs such an address, so the value is damaged or made up to make two parts of the restore path
see two different addresses.`,
  advice: 'Refuse addresses that do not have the alignment that the register demands.',
  sources: ['CWE-1284'],
  examples: () => ({
    good: [{ layout: queue, draft: { ring: 0x1000n } }],
    bad: [{ layout: queue, draft: { ring: 0x1001n } }],
  }),
  say: (field, { align }) => ({
    message: `${named(field)} is ${typeof field.value === 'bigint' ? hex(field.value) : 'malformed'}`,
    expected: `a multiple of ${align}`,
  }),
});
