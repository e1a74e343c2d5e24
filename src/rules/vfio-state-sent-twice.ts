import type { VfioRecord } from '../container/events.ts';
import { config, endOfState, port, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import {
  channelOf,
  configPacket,
  dataPacket,
  mainChannel,
  soundChannels,
} from './multifd-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-state-sent-twice',
  title: 'State in the main channel beside packets that carry it',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['multifd-state'] },
  rationale: `
A source whose last device state travels in packets writes END and FULL with nothing in them. QEMU refuses a
config record in the main channel then. It takes device data there, and the device gets it before, after or
between that of the packets, as the threads happen to run.`,
  advice: 'Take the last state of a device from one place only.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_state()',
    'qemu hw/vfio/migration-multifd.c: vfio_multifd_emit_dummy_eos()',
  ],
  examples: () => ({
    good: [soundChannels],
    bad: [
      {
        ...mainChannel({ full: [vfio('full', [config, endOfState])] }),
        channels: [channelOf([dataPacket, configPacket])],
      },
      {
        ...mainChannel({ end: [vfio('end', [port, endOfState])] }),
        channels: [channelOf([dataPacket, configPacket])],
      },
    ],
  }),
  watch: () => {
    const records = new Map<number, VfioRecord>();
    return {
      kinds: ['vfio-record', 'multifd-state'],
      *event(event) {
        if (event.kind === 'vfio-record') {
          const { device, type } = event.section;
          if (device === undefined || records.has(device)) return;
          const late = event.name === 'DEV_DATA_STATE' && (type === 'end' || type === 'full');
          if (late || event.name === 'DEV_CONFIG_STATE') records.set(device, event);
        }
        if (event.kind !== 'multifd-state' || event.packets === 0) return;
        const record = records.get(event.device);
        if (record === undefined) return;
        const { section, offset, name } = record;
        yield {
          message: `${section.type.toUpperCase()} holds ${name} while ${event.packets} packets carry the state`,
          expected: 'END_OF_STATE alone',
          device: event.name,
          at: [inSection(section, offset, 8)],
        };
      },
    };
  },
});
