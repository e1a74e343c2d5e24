import { configLength } from '../container/qemu/pci-config.ts';
import { latin1 } from '../container/qemu/wire.ts';
import { configBytes } from '../container/qemu/write-config.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

/** `qemu hw/vfio/pci.c: vmstate_vfio_display`, the one subsection there is. */
const display = 'VFIOPCIDevice/VFIODisplay';

export default defineRule({
  id: 'vfio-config-length',
  title: 'A config record is longer or shorter than its config space says',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The record of a PCI device has no length; it is a version, 256 or 4,096 bytes of config space, four
interrupt levels, and for MSI-X a table whose size the config space says. The bytes before END_OF_STATE
are not as many. QEMU reads as many as the device of the destination has and finds no END_OF_STATE
behind them.`,
  advice: 'Derive the length from the device, and refuse a record that ends elsewhere.',
  sources: [
    'qemu hw/pci/pci.c: vmstate_pci_device',
    'qemu hw/pci/msix.c: msix_load()',
    'qemu hw/vfio/migration.c: vfio_load_device_config_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [
          vfio('full', [
            { vfio: 'DEV_CONFIG_STATE', config: configBytes().subarray(1) },
            endOfState,
          ]),
        ],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config') return;
      if (event.sizedBy === 'grammar' || !/[0-9a-f]{2}\.[0-7]\/vfio$/u.test(event.section.idstr))
        return;
      const { bytes, space, section } = event;
      const wanted = space === undefined ? undefined : configLength(bytes, space);
      // A ramfb or display device adds one subsection, whose own length is not derived.
      if (wanted !== undefined && latin1(bytes, wanted + 2, display.length) === display) return;
      yield {
        message:
          wanted === undefined
            ? `the config record has ${bytes.length} bytes, which no config space in it explains`
            : `the config record has ${bytes.length} bytes, but its config space explains ${wanted}`,
        at: [inSection(section, event.offset, event.length)],
      };
    },
  }),
});
