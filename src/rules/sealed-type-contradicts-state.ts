import { quoted } from './fault-rule.ts';
import { defineRule } from './rule.ts';
import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { atField } from './sealed-signers.ts';

export default defineRule({
  id: 'sealed-type-contradicts-state',
  title: 'The state is not of the type that its seal names',
  severity: 'high',
  threats: ['untrusted-source', 'wrong-device'],
  cwe: 'CWE-843',
  applies: { to: 'container', events: ['sealed-header'] },
  rationale: `
The signers said which type of state they sealed, and the bytes are recognised as another. A destination that
chooses its reader by the name on the seal would read one format as another, with every signature in
order.`,
  advice: 'Recognise the state by its own bytes, and refuse it when the seal says otherwise.',
  sources: ['docs/sealed-format.md: Identity'],
  examples: () => ({
    good: [lazySealed(() => ({ bytes: sealedExample(), trust: exampleTrust() }))],
    bad: [
      lazySealed(() => ({
        bytes: sealedExample({ identity: { type: 'qat', device: '0000:00:02.0' } }),
        trust: exampleTrust(),
      })),
    ],
  }),
  watch: () => {
    let named: string | undefined;
    let at = { offset: 0, length: 0 };
    return {
      kinds: ['sealed-header'],
      event(event) {
        if (event.kind !== 'sealed-header') return [];
        const { identity, length, signers } = event;
        named = identity.type;
        at = { offset: 64 + 32 * signers.length, length: length - 64 - 96 * signers.length };
        return [];
      },
      *state({ format, identified, device }) {
        // Only a state that is sealed by itself has one type, and only sure signs contradict it.
        if (named === undefined || device !== '' || identified !== 'certain') return;
        if (named === format) return;
        yield {
          message: `the seal names the type ${quoted(named)}, and the state is one of ${format}`,
          expected: format,
          at: [atField('type', at.offset, at.length)],
        };
      },
    };
  },
});
