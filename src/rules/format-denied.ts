import { mttyState } from './examples.ts';
import { defineRule, type StateBegin, type Violation } from './rule.ts';

export default defineRule({
  id: 'format-denied',
  title: 'The policy of the site does not take states of this format or device',
  severity: 'high',
  threats: ['untrusted-source', 'wrong-device'],
  cwe: 'CWE-693',
  applies: { to: 'expectation', keys: ['policy.deny', 'policy.allow'] },
  rationale: `
A site may refuse a kind of state whatever it holds, because its driver is known to load it unchecked,
or because nobody there vouches for it. The policy names the format or the PCI id with a reason, or
lists the formats that alone may come. A state that falls under it is not to be loaded, sound or not.`,
  advice: 'Refuse a state of a kind that the site has switched off, before any of it is parsed.',
  sources: ['the formats.deny and formats.allow lists of a policy file', 'CWE-693'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { 'policy.deny.format[qat]': 'not used' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { 'policy.deny.format[mtty]': 'not used' } }],
  }),
  watch: ({ expect }) => {
    // A guard lets nothing of a state pass that may not come, so the format is judged when it is known.
    const judged = new Map<string, string>();
    function* begin({ format, device, locate }: StateBegin): Generator<Violation> {
      if (judged.get(device) === format) return;
      judged.set(device, format);
      const reason = expect[`policy.deny.format[${format}]`];
      if (reason !== undefined) {
        yield { message: `the policy denies ${format}: ${reason}`, at: [locate('start')] };
      }
      const allowed = expect['policy.allow']?.split('|');
      if (allowed !== undefined && !allowed.includes(format)) {
        yield {
          message: `the policy allows ${allowed.join(', ')} only, and the state is ${format}`,
          at: [locate('start')],
        };
      }
    }
    return {
      begin,
      *state(end) {
        yield* begin(end);
        judged.delete(end.device);
        const { pci, locate } = end;
        const reason = pci === undefined ? undefined : expect[`policy.deny.device[${pci}]`];
        if (reason === undefined) return;
        yield { message: `the policy denies ${pci ?? ''}: ${reason}`, at: [locate('start')] };
      },
    };
  },
});
