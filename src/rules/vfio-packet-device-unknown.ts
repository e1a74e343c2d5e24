import { containerFault, shownValue } from './container-fault.ts';
import { configPacket, dataPacket, soundChannels, together } from './multifd-example.ts';

export default containerFault({
  id: 'vfio-packet-device-unknown',
  title: 'Packets of a device that the main channel does not have',
  severity: 'high',
  threats: ['corruption', 'feeder', 'wrong-device'],
  cwe: 'CWE-1287',
  code: 'multifd-device-unknown',
  over: ['multifd-packet'],
  rationale: `
A packet names its device by the name and instance of the section in the main channel. QEMU refuses a packet
whose device it does not have; the device that was meant waits for it, mostly for ever.`,
  advice: 'End the migration when a channel names a device that is not there.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_load_state_buffer()'],
  examples: () => ({
    good: [soundChannels],
    bad: [together([configPacket], [dataPacket, { ...dataPacket, idstr: '0000:00:03.0/vfio' }])],
  }),
  say: ({ got }) => ({
    message: `packets are for ${shownValue(got)}, of which the main channel has no section`,
  }),
});
