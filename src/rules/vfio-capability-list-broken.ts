import { capabilities, pciVersionLength } from '../container/qemu/pci-config.ts';
import { changed, endOfState, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-capability-list-broken',
  title: 'The capability list of a config space is broken',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-835',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The capabilities of a PCI device are a linked list in its config space. This list comes back to an entry
that it had, or points into the header. A reader that follows it without counting never ends, and one
that trusts the pointers reads registers as capabilities. QEMU compares the list with that of the
destination’s device and refuses it.`,
  advice: 'Bound the walk over the list, and refuse pointers below 0x40.',
  sources: ['PCI Local Bus Specification 3.0, 6.7', 'qemu hw/pci/pci.c: get_pci_config_device()'],
  examples: () => ({
    good: [
      changed({
        full: [vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: { msix: 4 } }, endOfState])],
      }),
    ],
    bad: [
      changed({
        full: [
          vfio('full', [
            { vfio: 'DEV_CONFIG_STATE', config: { msix: 4, registers: { 0x41: [0x40] } } },
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
      if (event.space === undefined) return;
      const { broken } = capabilities(event.bytes, pciVersionLength);
      if (broken === undefined) return;
      yield {
        message: `the capability list ${broken}`,
        at: [inSection(event.section, event.offset + pciVersionLength + 0x34, 1)],
      };
    },
  }),
});
