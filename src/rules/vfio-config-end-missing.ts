import { containerFault } from './container-fault.ts';
import { changed, sound, vfio } from './container-examples.ts';
export default containerFault({
  id: 'vfio-config-end-missing',
  title: 'The end of a config record cannot be found',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'config-end-not-found',
  over: ['vfio-record'],
  rationale: `
A config record has no length. Neither its own config space nor the description nor a search for
END_OF_STATE before the footer says where this one ends. QEMU reads as many bytes as the device of
the destination has, and takes what stands behind them for the end tag.`,
  advice: 'Refuse a record that END_OF_STATE does not follow where the device’s own layout ends.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_device_config_state()',
    'qemu hw/pci/pci.c: vmstate_pci_device',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: new Uint8Array(100) }])],
      }),
    ],
  }),
  say: () => ({ message: 'no END_OF_STATE closes the config record' }),
});
