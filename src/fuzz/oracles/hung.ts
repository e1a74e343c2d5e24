import { defineOracle } from './oracle.ts';

export const hung = defineOracle({
  id: 'restore-hangs',
  title: 'The restore path does not come back',
  severity: 'high',
  confidence: 'likely',
  threats: ['feeder', 'guest'],
  cwe: 'CWE-835',
  rationale: `
The target did not answer within its time limit. In a kernel driver the thread that writes the state
cannot be killed then, and it may hold a lock that others wait for. Every loop over counts and lengths
from the state needs a bound that the state does not set.`,
  judge: ({ result: { outcome, steps, message } }) => {
    if (outcome.kind !== 'hung') return undefined;
    const done = steps.findLastIndex((answer) => answer !== undefined) + 1;
    const said = message.trim() === '' ? '' : `, and said ${JSON.stringify(message.slice(0, 80))}`;
    return { message: `no answer to step ${done + 1} within the time limit${said}`, bucket: '' };
  },
});
