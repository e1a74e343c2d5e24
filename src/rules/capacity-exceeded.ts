import { mttyState } from './examples.ts';
import { expected, parseNumber } from './expectation.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'capacity-exceeded',
  title: 'The state is larger than the destination takes',
  severity: 'high',
  threats: ['wrong-device', 'feeder'],
  cwe: 'CWE-770',
  applies: { to: 'expectation', keys: ['capacity'] },
  rationale: `
The destination was said to take fewer bytes than the state has. A driver with a fixed buffer
refuses the write that passes its end; one that grows its buffer takes memory from the host for as
long as bytes come.`,
  advice: 'Refuse the write that would pass the largest state that this device can have.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write() returns ENOMEM'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { capacity: '60' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { capacity: '59' } }],
  }),
  watch: ({ expect }) => ({
    *state({ device, bytes, locate }) {
      const wanted = parseNumber(expected(expect, device, 'capacity') ?? '');
      if (wanted === undefined || BigInt(bytes) <= wanted) return;
      yield {
        message: `the state has ${bytes} bytes, but the destination takes ${wanted}`,
        expected: `at most ${wanted} bytes`,
        at: [locate('end')],
      };
    },
  }),
});
