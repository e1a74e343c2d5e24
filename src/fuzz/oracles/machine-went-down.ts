import { defineOracle } from './oracle.ts';

export const machineWentDown = defineOracle({
  id: 'machine-went-down',
  title: 'The machine or the fuzzer ended during a restore',
  severity: 'critical',
  confidence: 'possible',
  threats: ['feeder', 'guest'],
  cwe: 'CWE-119',
  rationale: `
A record of this execution was on the disk, and none of its end: it is the last thing that was begun
before everything stopped. A kernel that panics or locks up takes all guests of the host with it. What
ran just before may have done the damage: the record names those, too. Replay it on a machine that you
can lose before you believe it.`,
  // Whoever could be asked is gone; src/fuzz/machine-down.ts reads it from the record.
  judge: () => undefined,
});
