import { containerFault } from './container-fault.ts';
import { multifdExample } from './multifd-example.ts';
export default containerFault({
  id: 'qemu-multifd-channel-cut',
  title: 'The capture of a side channel ends inside a packet',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption'],
  cwe: 'CWE-1286',
  code: 'multifd-truncated',
  over: ['multifd-hello'],
  rationale: `
The bytes of the channel stop inside its hello or a packet. Without a return path a source may report success and
close while a slow recorder has not read everything, so this can be the recording and not the migration;
a destination that gets these bytes waits for the rest and does not finish.`,
  advice: 'Record channels until the destination has acknowledged the migration.',
  sources: ['qemu migration/multifd.c: multifd_recv_thread()'],
  examples: () => ({
    good: [multifdExample({})],
    bad: [multifdExample({ cut: 100 })],
  }),
  say: () => ({ message: 'the channel ends inside a packet' }),
});
