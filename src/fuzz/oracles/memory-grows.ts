import { lengthOf } from '../../targets/target.ts';
import { defineOracle } from './oracle.ts';

/** Growth beyond this, and beyond so many bytes for each byte of the state, follows from no sound state. */
const FLOOR = 32 << 20;
const FOR_EACH_BYTE = 256;

export const memoryGrows = defineOracle({
  id: 'restore-exhausts-memory',
  title: 'A small state makes the restore path take a lot of memory',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder'],
  cwe: 'CWE-789',
  rationale: `
The memory of the target grew far beyond what it was sent, so it allocates by a length or count from
the state before it has seen that many bytes. One stream then takes the host's memory. Allocate by what
has arrived, and refuse a claim that the rest of the state cannot hold.`,
  judge: ({ execution, result: { outcome, growth, peak }, known }) => {
    const sent = execution.inputs.reduce((sum, input) => sum + lengthOf(input), 0);
    if (outcome.kind === 'exhausted' && outcome.what === 'memory') {
      return { message: `${sent} bytes of state pass the memory limit of the target`, bucket: '' };
    }
    const most = FLOOR + FOR_EACH_BYTE * sent;
    if (growth > most + known.growth) {
      return { message: `${sent} bytes of state make it grow by ${growth} bytes`, bucket: '' };
    }
    if (peak <= most + known.peak) return undefined;
    return { message: `${sent} bytes of state make it hold ${peak} bytes at once`, bucket: '' };
  },
});
