import { v1Chunk, v1Save, stateHeader } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

/** Rounds of a pre-copy phase in which nothing may become less. */
const MOST_ROUNDS = 256;

const rounds = (count: number): ReturnType<typeof v1Chunk> =>
  Array.from({ length: count }, () => v1Chunk(stateHeader, 60)).flat();

export default sessionRule({
  id: 'v1-pending-bytes-stalled',
  title: 'What is pending does not become less in many rounds of pre-copy',
  // A busy guest that nobody means ill looks the same.
  severity: 'low',
  confidence: 'possible',
  threats: ['guest'],
  cwe: 'CWE-834',
  rationale: `
While the device runs the guest makes new state, and each round of pre-copy sends what is new. A guest that
keeps its device busy keeps the source in that phase for ever, unless the rounds are counted.`,
  advice: 'Cap the rounds of pre-copy, and stop the device when they are spent.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info pending_bytes',
  ],
  over: ['session-access'],
  begin: () => ({ least: undefined as bigint | undefined, rounds: 0 }),
  examples: () => ({
    good: [v1Save({ header: rounds(MOST_ROUNDS) })],
    bad: [v1Save({ header: rounds(MOST_ROUNDS + 2) })],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-access' || event.operation !== 'read' || event.result < 0) return;
    const { register, value, state } = event;
    if (state !== 'PRE_COPY') {
      memory.least = undefined;
      memory.rounds = 0;
    }
    if (state !== 'PRE_COPY' || register !== 'pending_bytes' || value === undefined) return;
    if (memory.least === undefined || value < memory.least || value === 0n) {
      memory.least = value;
      memory.rounds = 0;
      return;
    }
    memory.rounds += 1;
    if (memory.rounds !== MOST_ROUNDS) return;
    yield said(event, {
      message: `pending_bytes is ${value} after ${MOST_ROUNDS} rounds, ${memory.least} before them`,
      expected: 'less from round to round, or the end of the phase',
      at: 32,
      length: 8,
    });
  },
});
