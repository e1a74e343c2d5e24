import { mttyState, patched } from './examples.ts';
import { faultRule, named, shown } from './fault-rule.ts';

export default faultRule({
  id: 'index-out-of-bounds',
  title: 'Index past the end of what it indexes',
  severity: 'critical',
  threats: ['guest', 'feeder'],
  cwe: 'CWE-129',
  fault: 'index-out-of-bounds',
  rationale: `
The index is used later, when the guest touches the device, against an array of the destination's
kernel: a read or write outside it with an offset that the stream chose. The mtty driver loads head
and tail unchecked; with head 44 the next transmitted byte is stored in another port's record, and
with larger values in memory behind the ports.`,
  advice: 'Refuse an index that is not below the number of elements, before storing it.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_load_state(), handle_bar_write()', 'CWE-129'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(0x30, 0x12), format: 'mtty' }],
  }),
  say: (field, { size, of }) => ({
    message: `${named(field)} is ${shown(field)}, but ${of} has ${size} elements`,
    expected: `below ${size}`,
  }),
});
