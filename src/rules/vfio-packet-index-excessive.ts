import { place } from '../container/location.ts';
import { multifdExample } from './multifd-example.ts';
import { defineRule } from './rule.ts';

/** Packets of 1 MiB that make 4 TiB of device state. */
const MOST = 1 << 22;

export default defineRule({
  id: 'vfio-packet-index-excessive',
  title: 'A packet of device state with an index that no state reaches',
  severity: 'high',

  threats: ['feeder', 'corruption'],
  cwe: 'CWE-789',
  applies: { to: 'container', events: ['multifd-packet'] },
  rationale: `
The index says where in the order of a device’s packets this one belongs. QEMU makes a table of index + 1 entries
of 24 bytes as soon as it reads one: 12 bytes with index 0xfffffffe ask for 128 GiB and end the process,
0x00ffffff for 400 MiB and then a wait for packets that never come.`,
  advice: 'Bound the index by the packets that can be on their way.',
  sources: [
    'qemu hw/vfio/migration-multifd.c: vfio_state_buffers_size_set()',
    'qemu hw/vfio/migration-multifd.c: vfio_load_state_buffer_insert()',
  ],
  examples: () => ({
    good: [multifdExample({ device: {} })],
    bad: [multifdExample({ device: { index: 0x00ffffff } })],
  }),
  watch: () => ({
    kinds: ['multifd-packet'],
    *event(event) {
      if (event.kind !== 'multifd-packet' || event.device === undefined) return;
      const { index } = event.device;
      if (index <= MOST) return;
      yield {
        message: `the index is ${index}, for which a loader makes a table of ${(index + 1) * 24} bytes`,
        expected: `at most ${MOST}`,
        at: [place('packet', event.payloadOffset + 4, 4)],
      };
    },
  }),
});
