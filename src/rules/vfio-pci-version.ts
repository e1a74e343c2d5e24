import { isPciSection } from '../container/qemu/pci-config.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { word } from './vfio-config-word.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-pci-version',
  title: 'A config record of a PCIDevice version that was never written',
  severity: 'high',

  threats: ['version', 'corruption'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The record begins with the version of QEMU’s PCIDevice, which is 2; QEMU refuses a larger or a negative one.
Alone in the record it is big-endian: written little-endian it becomes 33554432. 0 and 1 are taken,
but nothing that has VFIO migration writes them.`,
  advice: 'Refuse every version but your own.',
  sources: ['qemu hw/pci/pci.c: vmstate_pci_device'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: { version: 3 } }, endOfState])],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config' || !isPciSection(event.section)) return;
      const version = word(event, 0) | 0;
      if (version === 2) return;
      yield {
        message: `the version of PCIDevice is ${version}`,
        expected: '2',
        severity: version === 0 || version === 1 ? 'medium' : 'high',
        at: [inSection(event.section, event.offset, 4)],
      };
    },
  }),
});
