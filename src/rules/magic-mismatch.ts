import { mttyState, patched } from './examples.ts';
import { faultRule, hex, list, named } from './fault-rule.ts';

export default faultRule({
  id: 'magic-mismatch',
  title: 'Magic number is not the format’s',
  severity: 'high',
  threats: ['corruption', 'wrong-device'],
  cwe: 'CWE-345',
  fault: 'bad-magic',
  rationale: `
The first thing that a restore path compares. With another value the bytes belong to another
format, another byte order, or were damaged. Refusing is not enough where the refusal does not end
the session: the mtty driver answers EFAULT to the write that completes a bad header, keeps the
bytes, and loads the state if the feeder writes on.`,
  advice: 'Refuse the state, and refuse every later write and the arc out of RESUMING as well.',
  sources: ['linux samples/vfio-mdev/mtty.c: mtty_resume_write()'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty' }],
    bad: [{ bytes: patched(0, 0x4f), format: 'mtty' }],
  }),
  say: (field, { wanted }) => ({
    message: `${named(field)} is ${typeof field.value === 'bigint' ? hex(field.value) : 'malformed'}`,
    expected: list(wanted, hex),
  }),
});
