import { place } from '../container/location.ts';
import { MULTIFD_FLAG_DEVICE_STATE, MULTIFD_FLAG_SYNC } from '../container/multifd.ts';
import { multifdExample } from './multifd-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-packet-flags-undefined',
  title: 'A packet of device state with flags that have no meaning',
  severity: 'low',

  threats: ['version', 'feeder'],
  cwe: 'CWE-1287',
  applies: { to: 'container', events: ['multifd-packet'] },
  rationale: `
Of the flags of a VFIO packet only the lowest has a meaning: this is the config record. Of those of the packet
around it, only the one that says that it is device state. QEMU ignores the others, so a newer source
whose flags change what the packet is would be loaded as something else.`,
  advice: 'Refuse flags that you do not know.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_multifd_load_state_buffer()'],
  examples: () => ({
    good: [multifdExample({ device: {} })],
    bad: [multifdExample({ device: { flags: 2 } })],
  }),
  watch: () => ({
    kinds: ['multifd-packet'],
    *event(event) {
      if (event.kind !== 'multifd-packet' || event.device === undefined) return;
      const { flags } = event.device;
      const outer = event.flags & ~(MULTIFD_FLAG_DEVICE_STATE | MULTIFD_FLAG_SYNC);
      if (outer !== 0) {
        yield {
          message: `the flags of the packet are 0x${event.flags.toString(16)}`,
          expected: '0x40',
          at: [place('packet', event.offset + 8, 4)],
        };
      }
      if (flags <= 1) return;
      yield {
        message: `the flags are 0x${flags.toString(16)}`,
        expected: '0 or 1',
        at: [place('packet', event.payloadOffset + 8, 4)],
      };
    },
  }),
});
