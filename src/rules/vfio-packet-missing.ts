import { place } from '../container/location.ts';
import { configPacket, dataPacket, soundChannels, together } from './multifd-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-packet-missing',
  title: 'A gap in the packets of a device',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['multifd-state'] },
  rationale: `
Packets carry the state of a device in the order of their indexes, from 0 up to the config record, over
all channels. QEMU waits for the packet whose turn it is; one that never comes leaves the whole process
waiting, and its monitor does not answer any more. All packets that came are kept in memory meanwhile.`,
  advice: 'Give up the migration when every channel has ended and an index is still missing.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_bufs_thread()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([{ ...configPacket, index: 0xffff_fffe }], [dataPacket])],
  }),
  watch: () => ({
    kinds: ['multifd-state'],
    *event(event) {
      if (event.kind !== 'multifd-state') return;
      for (const { from, count, offset } of event.missing) {
        yield {
          message:
            count === 1
              ? `no channel has the packet with index ${from}`
              : `no channel has the packets with indexes ${from} to ${from + count - 1}`,
          expected: `index ${from} before index ${from + count}`,
          device: event.name,
          at: [place('packet', offset, 12, 'the packet behind the gap')],
        };
      }
    },
  }),
});
