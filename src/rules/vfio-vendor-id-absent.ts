import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-vendor-id-absent',
  title: 'A config space without a device',
  severity: 'high',

  threats: ['corruption', 'feeder', 'wrong-device'],
  cwe: 'CWE-1284',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The vendor id of the config space is 0xffff, which is what a bus answers where no device is, or 0, which is
assigned to nobody. The record was not read from the device that the section names. QEMU refuses it,
because no destination has such a device, after the device state has been written.`,
  advice: 'Compare the identity of the device before any of its state is applied.',
  sources: ['PCI Local Bus Specification 3.0, 6.1', 'qemu hw/pci/pci.c: get_pci_config_device()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [
          vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: { vendor: 0xffff } }, endOfState]),
        ],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config') return;
      if (event.space === undefined) return;
      const { bytes, section } = event;
      const vendor = (bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8);
      if (vendor !== 0 && vendor !== 0xffff) return;
      yield {
        message: `the vendor id is 0x${vendor.toString(16).padStart(4, '0')}`,
        at: [inSection(section, event.offset + 4, 2)],
      };
    },
  }),
});
