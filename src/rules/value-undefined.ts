import { mttyState, patched } from './examples.ts';
import { faultRule, list, named, shown } from './fault-rule.ts';

export default faultRule({
  id: 'value-undefined',
  title: 'Value that the format does not define',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1287',
  fault: 'undefined-value',
  rationale: `
The field has a short list of values that a sound writer stores. Any other was damaged or made up,
and what the device does with it is not defined. The mtty driver loads such values of a port as
they are: a FIFO size of 0 turns every received byte into an overrun, and 255 lets the fill level
grow past the array.`,
  advice: 'Accept only the values that the device itself can reach.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_load_state() copies ports unchecked'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(0x39, 255), format: 'mtty' }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${shown(field)}`,
    expected: list(wanted),
  }),
});
