import { mttyState, patched } from './examples.ts';
import { faultRule, named, shown } from './fault-rule.ts';

export default faultRule({
  id: 'value-out-of-range',
  title: 'Value outside the range that the device can reach',
  severity: 'high',
  threats: ['guest', 'feeder', 'corruption'],
  cwe: 'CWE-1284',
  fault: 'out-of-range',
  rationale: `
The value cannot come from a device that ran. Used as a fill level, an amount or a boolean it makes
the destination's device behave in a way that no register access could. The mtty driver takes every
value of its port fields unchecked.`,
  advice: 'Check each field against the range of the register that it restores.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_load_state() copies ports unchecked'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(0x33, 2), format: 'mtty' }],
  }),
  say: (field, { min, max }) => ({
    message: `${named(field)} is ${shown(field)}`,
    expected: `${min} to ${max}`,
  }),
});
