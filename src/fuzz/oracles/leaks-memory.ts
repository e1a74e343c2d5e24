import { memoryGrows } from './memory-grows.ts';
import { defineOracle, type Subject } from './oracle.ts';

/** What is left when the device is gone, beyond what a good state leaves. */
const leftBy = ({ known }: Subject, growth: number): number => Math.max(growth - known.growth, 0);

export const leaksMemory = defineOracle({
  id: 'restore-leaks-memory',
  title: 'Each restore of a state leaves memory behind',
  severity: 'medium',
  confidence: 'certain',
  threats: ['feeder'],
  cwe: 'CWE-401',
  needs: ['exactGrowth'],
  rationale: `
The device is gone, and memory that this state made it take is still there, each time anew; a good state
leaves none. In a kernel nothing gives it back before the next start of the host, and a feeder may try as
often as it likes. Give back on every way out of a restore what was taken on the way in: on a refusal in
the middle, on a second record of a kind, when RESUMING is left early.`,
  // Once may be a buffer that is kept for the next time.
  companion: (subject) => {
    const { outcome, growth } = subject.result;
    if (outcome.kind !== 'accepted' && outcome.kind !== 'rejected') return undefined;
    if (leftBy(subject, growth) === 0 || memoryGrows.judge(subject) !== undefined) return undefined;
    return subject.execution;
  },
  judge: (subject, companion) => {
    if (companion === undefined) return undefined;
    const { outcome, growth } = subject.result;
    const left = Math.min(leftBy(subject, growth), leftBy(subject, companion.growth));
    if (left === 0) return undefined;
    return {
      message: `${left} bytes are left when the device is gone, and again the next time`,
      expected: 'as much memory behind the device as before it',
      bucket: outcome.kind === 'accepted' ? 'behind a loaded state' : 'behind a refused state',
    };
  },
});
