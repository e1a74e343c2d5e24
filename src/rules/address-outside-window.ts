import { walk } from '../layout/node.ts';
import { roleOf } from '../layout/types.ts';
import { iova, le64, struct } from '../layout/vocabulary.ts';
import { expected, parseNumber } from './expectation.ts';
import { hex, named } from './fault-rule.ts';
import { defineRule } from './rule.ts';

interface Window {
  readonly first: bigint;
  readonly last: bigint;
}

const queue = struct({ ring: le64({ role: iova() }) });

/** `0x0-0x7fffffff|0x100000000-0x17fffffff`, both ends inclusive. */
const windowsOf = (text: string): readonly Window[] =>
  text.split('|').flatMap((part) => {
    const [first, last] = part.split('-').map((end) => parseNumber(end));
    return first === undefined || last === undefined ? [] : [{ first, last }];
  });

export default defineRule({
  id: 'address-outside-window',
  title: 'DMA address outside the guest’s memory',
  severity: 'critical',
  threats: ['guest', 'feeder'],
  cwe: 'CWE-822',
  applies: { to: 'expectation', keys: ['windows'] },
  rationale: `
The device will read and write at this address as soon as it runs. The addresses are the guest's,
and only the IOMMU stands between them and the host: where its mappings are wider than the guest's
memory, or are not there yet, the state decides what the device overwrites.`,
  advice:
    'Compare every address with the ranges that are mapped for the guest before programming it.',
  sources: ['linux include/uapi/linux/vfio.h: device state is loaded before the guest runs'],
  examples: () => ({
    good: [{ layout: queue, draft: { ring: 0x1000n }, expect: { windows: '0x0-0xffff' } }],
    bad: [{ layout: queue, draft: { ring: 0x10000n }, expect: { windows: '0x0-0xffff' } }],
  }),
  watch: ({ expect }) => ({
    *unit({ root, device, locate }) {
      const windows = windowsOf(expected(expect, device, 'windows') ?? '');
      if (windows.length === 0) return;
      for (const field of walk(root)) {
        const { layout, value } = field;
        if (layout === 'gap' || roleOf(layout, 'iova') === undefined) continue;
        if (typeof value !== 'bigint' || value === 0n) continue;
        if (windows.some(({ first, last }) => value >= first && value <= last)) continue;
        yield {
          message: `${named(field)} is ${hex(value)}, outside the memory of the guest`,
          expected: windows.map(({ first, last }) => `${hex(first)}-${hex(last)}`).join(' or '),
          at: [locate(field)],
        };
      }
    },
  }),
});
