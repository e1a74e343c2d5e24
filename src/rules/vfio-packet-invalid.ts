import { place } from '../container/location.ts';
import { MULTIFD_FLAG_SYNC } from '../container/multifd.ts';
import { multifdExample } from './multifd-example.ts';
import { defineRule } from './rule.ts';

/** One read of device state, 1 MiB, and the VFIO header before it. */
const MOST = (1 << 20) + 12;

export default defineRule({
  id: 'vfio-packet-invalid',
  title: 'A packet of device state that no receiver takes',
  severity: 'high',

  threats: ['corruption', 'version', 'feeder'],
  cwe: 'CWE-1286',
  applies: { to: 'container', events: ['multifd-packet'] },
  rationale: `
With multifd a device’s state travels in packets that name the device, have a VFIO version of 0, at least 12
bytes, and no SYNC flag. QEMU refuses any other in the thread of the channel; the process that loads then
mostly hangs, because it waits for the packet with that index. The size is allocated as it stands, up
to 4 GiB.`,
  advice:
    'Bound the size before allocating, and end the whole migration when one channel refuses a packet.',
  sources: [
    'qemu hw/vfio/migration-multifd.c: vfio_multifd_load_state_buffer()',
    'qemu migration/multifd-device-state.c',
  ],
  examples: () => ({
    good: [multifdExample({ device: {} })],
    bad: [multifdExample({ device: { version: 1 } })],
  }),
  watch: () => ({
    kinds: ['multifd-packet'],
    *event(event) {
      if (event.kind !== 'multifd-packet' || event.device === undefined) return;
      const { device, payloadLength, flags } = event;
      const wrong = !device.terminated
        ? 'its device name has no end'
        : payloadLength < 12 || payloadLength > MOST
          ? `it has ${payloadLength} bytes`
          : device.version !== 0
            ? `its version is ${device.version}`
            : (flags & MULTIFD_FLAG_SYNC) !== 0
              ? 'it has the SYNC flag'
              : undefined;
      if (wrong === undefined) return;
      yield {
        message: `a packet of device state cannot be loaded: ${wrong}`,
        at: [place('packet', event.offset, event.length)],
      };
    },
  }),
});
