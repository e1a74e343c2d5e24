import { changed, header, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-init-data-sent-repeated',
  title: 'INIT_DATA_SENT more than once',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
A device says once that its initial data is out. QEMU 11.1 has messages for a device that asks for it
again, so a second one is no proof of damage; older destinations count one acknowledgement for each.`,
  advice: 'Count one acknowledgement for each device.',
  sources: ['qemu hw/vfio/migration.c: vfio_save_iterate()'],
  examples: () => ({
    good: [changed({ part: [vfio('part', [header, { vfio: 'DEV_INIT_DATA_SENT' }])] })],
    bad: [
      changed({
        part: [
          vfio('part', [header, { vfio: 'DEV_INIT_DATA_SENT' }]),
          vfio('part', [{ vfio: 'DEV_INIT_DATA_SENT' }]),
        ],
      }),
    ],
  }),
  watch: () => {
    const said = new Set<number>();
    return {
      kinds: ['vfio-record'],
      *event(event) {
        if (event.kind !== 'vfio-record' || event.name !== 'DEV_INIT_DATA_SENT') return;
        const { device } = event.section;
        if (device === undefined) return;
        if (said.has(device)) {
          yield {
            message: 'the device says again that its initial data is out',
            at: [inSection(event.section, event.offset, 8)],
          };
        }
        said.add(device);
      },
    };
  },
});
