import { exampleTrust, sealedExample, lazySealed } from './sealed-example.ts';
import { atField, headerRule } from './sealed-signers.ts';

export default headerRule({
  id: 'sealed-sequence-replayed',
  title: 'An older seal of the same device is shown again',
  severity: 'high',
  cwe: 'CWE-294',
  rationale: `
The destination has opened a newer state of this device of this machine already, or another one of the same number.
Every signature of the old one still holds: that is what makes a replay. The same seal again is not
one, because a restore that failed may be tried again.`,
  advice: 'Keep the highest sequence of each device and machine, and refuse what is below it.',
  sources: ['docs/sealed-format.md: Sequence'],
  asked: ({ seen }) => seen !== undefined,
  examples: () => ({
    good: [
      lazySealed(() => ({
        bytes: sealedExample(),
        trust: exampleTrust({ seen: () => ({ sequence: 6n, seal: '00'.repeat(16) }) }),
      })),
    ],
    bad: [
      lazySealed(() => ({
        bytes: sealedExample(),
        trust: exampleTrust({ seen: () => ({ sequence: 8n, seal: '00'.repeat(16) }) }),
      })),
    ],
  }),
  *see({ identity, sequence, seal }, { seen }) {
    const before = seen?.(identity.vm ?? '', identity.device ?? '');
    if (before === undefined || sequence > before.sequence) return;
    if (sequence === before.sequence && seal === before.seal) return;
    yield {
      message: `the seal has the sequence ${sequence}, and one of ${before.sequence} was opened before`,
      expected: `a sequence above ${before.sequence}`,
      at: [atField('sequence', 24, 8)],
    };
  },
});
