import { containerFault, shownValue } from './container-fault.ts';
import { snapshotExample } from './snapshot-example.ts';

export default containerFault({
  id: 'snapshot-damaged',
  title: 'A snapshot is cut, or its device state is no base64',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'snapshot-damaged',
  over: ['snapshot'],
  rationale: `
The state of a VFIO device stands in a Cloud Hypervisor snapshot as base64 text inside a JSON text.
Characters that no encoder writes, or a text that ends before its last bracket, mean that the file was
damaged or made by hand. The decoder of the hypervisor refuses such a text as a whole; one that takes
what it can would hand half of a state to the device.`,
  advice: 'Refuse the snapshot before any device is told to resume.',
  sources: ['cloud-hypervisor pci/src/vfio.rs: struct VfioMigrationData'],
  examples: () => ({
    good: [snapshotExample()],
    bad: [snapshotExample({ cut: 1 })],
  }),
  say: ({ wanted, got }) => ({
    message: `${shownValue(got)} stands where ${shownValue(wanted)} should`,
  }),
});
