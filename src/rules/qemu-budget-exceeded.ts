import { containerFault, shownValue } from './container-fault.ts';
import type { QemuItem } from '../container/qemu/write.ts';
import { changed, sound } from './container-examples.ts';
/** Packages inside one another, `depth` of them. */
const packagesWithin = (depth: number): readonly QemuItem[] =>
  depth === 0 ? [] : [{ item: 'command', command: 'PACKAGED', items: packagesWithin(depth - 1) }];

export default containerFault({
  id: 'qemu-budget-exceeded',
  title: 'The stream has more of something than is walked',
  severity: 'high',

  threats: ['feeder'],
  cwe: 'CWE-770',
  code: 'budget',
  over: ['header'],
  rationale: `
A stream of a few megabytes can announce hundreds of thousands of sections, devices, blocks or nested
packages, or be broken in every other place. The walk stops at a bound that no genuine stream comes
near, and what follows was not checked. A loader without such bounds spends memory on each of them.`,
  advice: 'Bound the number of everything that a stream can announce.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main() has no bound', 'CWE-770'],
  examples: () => ({
    good: [sound],
    bad: [changed({ switchover: packagesWithin(20) })],
  }),
  say: ({ wanted }) => ({ message: `the walk stops here: ${shownValue(wanted)} are allowed` }),
});
