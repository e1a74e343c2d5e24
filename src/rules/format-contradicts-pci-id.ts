import type { PciConfigDraft } from '../container/qemu/write-config.ts';
import type { QemuItem } from '../container/qemu/write.ts';
import { mttyState } from './examples.ts';
import { defineRule } from './rule.ts';

/** A whole stream with the state of one serial card, beside the config space of some device. */
const stream = (config: PciConfigDraft): readonly QemuItem[] => {
  const idstr = '0000:00:02.0/vfio';
  const end = { vfio: 'END_OF_STATE' };
  return [
    { item: 'header' },
    { item: 'configuration', machine: 'pc-i440fx-10.0' },
    { item: 'start', idstr, body: [{ vfio: 'DEV_SETUP_STATE' }, end] },
    { item: 'end', idstr, body: [{ vfio: 'DEV_DATA_STATE', data: mttyState }, end] },
    { item: 'full', idstr, body: [{ vfio: 'DEV_CONFIG_STATE', config }, end] },
    { item: 'eof' },
    { item: 'vmdesc' },
  ];
};

export default defineRule({
  id: 'format-contradicts-pci-id',
  title: 'The state is of another kind than the device that carries it',
  severity: 'high',
  confidence: 'likely',
  threats: ['wrong-device', 'feeder'],
  cwe: 'CWE-345',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The config space in the stream names a device whose driver writes one format, and the device state
beside it has the magic of another. QEMU compares the config space with its own device and hands the
state to the driver unread, so the two are never compared with each other.`,
  advice: 'Compare the kind of state with the device that it is loaded into.',
  sources: ['qemu hw/vfio/migration.c: vfio_load_buffer(), vfio_load_device_config_state()'],
  examples: () => ({
    good: [{ container: 'qemu', draft: stream({}) }],
    bad: [{ container: 'qemu', draft: stream({ vendor: 0x15b3, device: 0x101e }) }],
  }),
  watch: () => ({
    *state({ format, identified, pci, pciFormats, locate }) {
      if (pci === undefined || pciFormats.length === 0 || identified !== 'certain') return;
      if (pciFormats.includes(format)) return;
      yield {
        message: `the state is ${format}, but the device is ${pci}, whose state is ${pciFormats.join(' or ')}`,
        expected: pciFormats.join(' or '),
        at: [locate('start')],
      };
    },
  }),
});
