import { place } from '../container/location.ts';
import { configPacket, dataPacket, soundChannels, together } from './multifd-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-packet-behind-config',
  title: 'A packet of device state behind the config record',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['multifd-state'] },
  rationale: `
The config record has the highest index of its device and ends the sequence. QEMU never loads a packet with
a higher one, and says nothing of it: what the source meant to be state is dropped.`,
  advice: 'Refuse packets with an index above that of the config record.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_bufs_thread()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([configPacket], [dataPacket, { index: 2, data: new Uint8Array(36) }])],
  }),
  watch: () => ({
    kinds: ['multifd-state'],
    *event(event) {
      if (event.kind !== 'multifd-state') return;
      for (const { index, offset } of event.behindConfig) {
        yield {
          message: `the packet with index ${index} comes behind the config record in the order of indexes`,
          device: event.name,
          at: [place('packet', offset, 12)],
        };
      }
    },
  }),
});
