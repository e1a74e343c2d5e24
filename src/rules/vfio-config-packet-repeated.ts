import { place } from '../container/location.ts';
import { configPacket, dataPacket, soundChannels, together } from './multifd-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-config-packet-repeated',
  title: 'Two packets that say they are the config record',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['multifd-state'] },
  rationale: `
One packet of a device carries its config record, and its index says where the sequence ends. With two of them
the end depends on which channel is read first: QEMU takes the last to arrive, and writes the other
into the device as if it were state, or fails an assertion and ends.`,
  advice: 'Refuse a second config packet of a device.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_state_buffer_insert()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([{ ...configPacket, index: 2 }], [dataPacket, configPacket])],
  }),
  watch: () => ({
    kinds: ['multifd-state'],
    *event(event) {
      if (event.kind !== 'multifd-state' || event.configs < 2) return;
      yield {
        message: `${event.configs} packets say that they are the config record`,
        expected: 'one, with the highest index',
        device: event.name,
        at: event.configPackets.slice(0, 4).map(({ offset }) => place('packet', offset, 12)),
      };
    },
  }),
});
