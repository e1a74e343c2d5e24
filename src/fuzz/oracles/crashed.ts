import { createHash } from 'node:crypto';
import { defineOracle } from './oracle.ts';

/** Frames that tell one crash from another; what lies further out is how it was called. */
const FRAMES = 3;

export const crashed = defineOracle({
  id: 'restore-crashed',
  title: 'The restore path crashes',
  severity: 'critical',
  confidence: 'certain',
  threats: ['feeder', 'guest'],
  cwe: 'CWE-119',
  rationale: `
The target died, or its sanitizer spoke, while it took a state. In a kernel driver that is an oops or
a silent write past a buffer in the host. A restore path must refuse the state before it reads, writes
or allocates by a value from it.`,
  judge: ({ result: { outcome } }) => {
    if (outcome.kind !== 'crashed') return undefined;
    const { signal, stack } = outcome;
    const where = stack[0] === undefined ? '' : ` in ${stack[0]}`;
    return { message: `${signal}${where}`, bucket: `${signal} ${stackHash(stack)}` };
  },
});

/** Eight digits that are the same for the same innermost functions. */
const stackHash = (stack: readonly string[]): string =>
  createHash('sha256').update(stack.slice(0, FRAMES).join('\n')).digest('hex').slice(0, 8);
