import { place } from '../container/location.ts';
import { multifdExample } from './multifd-example.ts';
import { defineRule } from './rule.ts';

/** Devices whose indexes are remembered, a bit each, and the highest index: half a MiB a device. */
const MOST_DEVICES = 64;
const MOST_INDEX = 1 << 22;

export default defineRule({
  id: 'vfio-packet-repeated',
  title: 'Two packets of device state with the same index',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['multifd-packet'] },
  rationale: `
Each index of a device is sent once, in whichever channel. QEMU refuses the second packet with an index that is
filled; when it is a config packet with a lower index an assertion of QEMU 10.0 fails first and ends the
process.`,
  advice: 'Refuse an index that has been received.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_state_buffer_insert()'],
  examples: () => ({
    good: [multifdExample({ device: {} })],
    bad: [multifdExample({ device: { times: 2 } })],
  }),
  watch: () => {
    const seen = new Map<string, Uint8Array>();
    return {
      kinds: ['multifd-packet'],
      *event(event) {
        if (event.kind !== 'multifd-packet' || event.device === undefined) return;
        const { idstr, instance, index } = event.device;
        if (index > MOST_INDEX) return;
        const key = `${idstr}#${instance}`;
        let bits = seen.get(key);
        if (bits === undefined) {
          if (seen.size >= MOST_DEVICES) return;
          bits = new Uint8Array(64);
        }
        if (index >> 3 >= bits.length) {
          const grown = new Uint8Array(Math.max(bits.length * 2, (index >> 3) + 1));
          grown.set(bits);
          bits = grown;
        }
        seen.set(key, bits);
        const bit = 1 << (index & 7);
        const before = bits[index >> 3] ?? 0;
        bits[index >> 3] = before | bit;
        if ((before & bit) === 0) return;
        yield {
          message: `packet ${index} of ${JSON.stringify(idstr)} comes a second time`,
          at: [place('packet', event.offset, event.length)],
        };
      },
    };
  },
});
