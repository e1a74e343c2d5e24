import { containerFault, shownValue } from './container-fault.ts';
import {
  configPacket,
  configRecord,
  dataPacket,
  soundChannels,
  together,
} from './multifd-example.ts';

export default containerFault({
  id: 'vfio-config-packet-trailing',
  title: 'Bytes behind the record in a config packet',
  severity: 'low',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'multifd-config-trailing',
  over: ['multifd-state'],
  rationale: `
The record in a config packet ends with END_OF_STATE. QEMU reads no further and does not ask whether the packet
does, so bytes behind it reach the destination and nobody looks at them.`,
  advice: 'Refuse a packet that its record does not fill.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_bufs_thread_load_config()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([{ ...configPacket, data: Uint8Array.of(...configRecord(), 0) }], [dataPacket])],
  }),
  say: ({ got }) => ({
    message: `behind END_OF_STATE the config packet has ${shownValue(got)} more`,
  }),
});
