import type { MultifdHello } from '../container/events.ts';
import { place } from '../container/location.ts';
import {
  channelOf,
  configPacket,
  dataPacket,
  mainChannel,
  soundChannels,
} from './multifd-example.ts';
import { defineRule } from './rule.ts';

/** Channels that are compared; QEMU numbers them with one byte. */
const MOST = 256;

export default defineRule({
  id: 'qemu-multifd-channels-differ',
  title: 'Side channels that are not those of one migration',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['multifd-hello'] },
  rationale: `
The side channels of a migration have the same UUID, that of the guest, and numbers from 0 on, each one once.
QEMU refuses another UUID and a number that it has had, and does not go on before it has as many channels
as it was told to have.`,
  advice: 'Refuse a channel whose UUID or number does not fit to the others.',
  sources: ['qemu migration/multifd.c: multifd_recv_initial_packet()'],
  examples: () => ({
    good: [soundChannels],
    bad: [
      {
        ...mainChannel(),
        channels: [channelOf([dataPacket], 1), channelOf([configPacket], 1)],
      },
    ],
  }),
  watch: () => {
    const seen = new Map<number, MultifdHello>();
    let first: MultifdHello | undefined;
    let main = false;
    const at = ({ offset }: MultifdHello): ReturnType<typeof place>[] => [
      place('hello', offset, 25),
    ];
    return {
      kinds: ['header', 'multifd-hello'],
      *event(event) {
        if (event.kind === 'header') main = true;
        if (event.kind !== 'multifd-hello') return;
        first ??= event;
        if (event.uuid !== first.uuid) {
          yield {
            message: `the channel has UUID ${event.uuid}, another one ${first.uuid}`,
            at: at(event),
          };
        }
        const before = seen.get(event.channel);
        if (before !== undefined) {
          yield {
            message: `two channels have the number ${event.channel}`,
            at: [...at(event), ...at(before)],
          };
        } else if (seen.size < MOST) seen.set(event.channel, event);
      },
      *end() {
        if (!main || first === undefined) return;
        for (let channel = 0; channel < Math.max(...seen.keys()); channel += 1) {
          if (seen.has(channel)) continue;
          yield {
            message: `there is no channel with the number ${channel}`,
            expected: `numbers from 0 to ${Math.max(...seen.keys())}`,
            at: at(first),
          };
        }
      },
    };
  },
});
