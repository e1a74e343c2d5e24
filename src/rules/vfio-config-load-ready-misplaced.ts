import { changed, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-config-load-ready-misplaced',
  title: 'CONFIG_LOAD_READY where no side channel carries the config',
  severity: 'high',

  threats: ['corruption', 'version', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
CONFIG_LOAD_READY closes the FULL section of the main channel when the config record travels in a
multifd channel (QEMU 10.1 and later). Elsewhere it ends a section whose config record is then never
loaded: QEMU 10.1 and later refuse it outside multifd, QEMU 10.0 and older do not know it.`,
  advice: 'Take CONFIG_LOAD_READY in FULL only, and only when a config packet is waited for.',
  sources: ['qemu hw/vfio/migration.c: vfio_load_state()', 'qemu hw/vfio/migration-multifd.c'],
  examples: () => ({
    good: [sound],
    bad: [changed({ full: [vfio('full', [{ vfio: 'DEV_CONFIG_LOAD_READY' }])] })],
  }),
  watch: () => {
    let multifd = false;
    return {
      kinds: ['section-end', 'vfio-record'],
      *event(event) {
        if (event.kind === 'section-end') multifd ||= (event.ram?.MULTIFD_FLUSH ?? 0) > 0;
        if (event.kind !== 'vfio-record' || event.name !== 'DEV_CONFIG_LOAD_READY') return;
        const { section } = event;
        if (multifd && section.type === 'full') return;
        yield {
          message: multifd
            ? `CONFIG_LOAD_READY stands in a ${section.type.toUpperCase()} section`
            : 'CONFIG_LOAD_READY stands in a stream without side channels',
          at: [inSection(section, event.offset, 8)],
        };
      },
    };
  },
});
