import { containerFault, shownValue } from './container-fault.ts';
import { v2Restore } from './session-examples.ts';

export default containerFault({
  id: 'session-budget-exceeded',
  title: 'The recording has more of something than is followed',
  severity: 'high',
  threats: ['feeder'],
  cwe: 'CWE-770',
  code: 'session-budget',
  over: ['session-header'],
  rationale: `
A recording can name thousands of devices, leave thousands of requests without a reply, or be damaged
in every other place. The walk stops following at a bound that no genuine session comes near. A server
without such bounds spends memory on each of them.`,
  advice: 'Bound the number of everything that the other side can leave open.',
  sources: ['CWE-770', 'docs/sessions.md'],
  examples: () => ({
    good: [v2Restore()],
    bad: [
      v2Restore({
        behind: Array.from({ length: 300 }, (_, device) => ({
          record: 'reset' as const,
          device: device + 1,
        })),
      }),
    ],
  }),
  say: ({ wanted }) => ({ message: `more than ${shownValue(wanted)}` }),
});
