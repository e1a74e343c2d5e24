import { configLength, msixVectors, pciVersionLength } from '../container/qemu/pci-config.ts';
import { changed, endOfState, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-msix-pending-beyond',
  title: 'Pending bits of MSI-X vectors that do not exist',
  severity: 'medium',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
Behind the MSI-X table stands one bit for each vector, rounded up to bytes. Bits beyond the last vector
are set. QEMU takes them; a loader that walks the bits instead of the vectors raises an interrupt
that the device does not have.`,
  advice: 'Refuse bits beyond the last vector, or mask them.',
  sources: ['qemu hw/pci/msix.c: msix_load()'],
  examples: () => ({
    good: [
      changed({
        full: [
          vfio('full', [
            { vfio: 'DEV_CONFIG_STATE', config: { msix: 4, pending: [0x0f] } },
            endOfState,
          ]),
        ],
      }),
    ],
    bad: [
      changed({
        full: [
          vfio('full', [
            { vfio: 'DEV_CONFIG_STATE', config: { msix: 4, pending: [0x1f] } },
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
      const vectors = msixVectors(event.bytes, pciVersionLength);
      const unused = (8 - (vectors % 8)) % 8;
      if (unused === 0) return;
      const last = configLength(event.bytes, event.space) - 1;
      const stray = (event.bytes[last] ?? 0) >> (8 - unused);
      if (stray === 0) return;
      yield {
        message: `pending bits are set for vectors beyond the last of ${vectors}`,
        at: [inSection(event.section, event.offset + last, 1)],
      };
    },
  }),
});
