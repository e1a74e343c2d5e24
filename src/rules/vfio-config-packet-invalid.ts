import { containerFault, shownValue } from './container-fault.ts';
import {
  configPacket,
  configRecord,
  dataPacket,
  soundChannels,
  together,
} from './multifd-example.ts';

export default containerFault({
  id: 'vfio-config-packet-invalid',
  title: 'A config packet that is no config record',
  severity: 'high',
  threats: ['corruption', 'version', 'feeder'],
  cwe: 'CWE-1286',
  code: 'multifd-config-invalid',
  over: ['multifd-state'],
  rationale: `
A config packet holds CONFIG_STATE, the config of the device and END_OF_STATE, a small stream of its own. QEMU
refuses any other after all device state has been written into the device.`,
  advice: 'Read the config record before the first byte goes into the device.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_load_bufs_thread_load_config()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([{ ...configPacket, data: configRecord().subarray(0, 200) }], [dataPacket])],
  }),
  say: ({ got, wanted }) => ({
    message: `the config packet has ${shownValue(got)} where ${shownValue(wanted)} should be`,
    expected: shownValue(wanted),
  }),
});
