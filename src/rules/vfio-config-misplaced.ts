import type { VfioRecord } from '../container/events.ts';
import { changed, config, endOfState, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';
import { journalKinds, VfioJournal } from './vfio-journal.ts';

interface Misplaced {
  readonly record: VfioRecord;
  /** It follows device data in END: where QEMU 5.2 wrote it. */
  readonly behindData: boolean;
}

/** Config records outside FULL that are remembered for one device; one is enough to refuse it. */
const MOST = 16;

export default defineRule({
  id: 'vfio-config-misplaced',
  title: 'A config record outside FULL',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['vfio-record'] },
  rationale: `
The config record belongs into FULL, which comes after all device data. QEMU takes it in any section:
then the command register and MSI-X are switched on while the device has not been restored, and data
that follows may be lost with the section that should have held it. QEMU 5.2 wrote it into END, behind
the data, and no FULL: such a stream is old and not wrong, and the finding is low.`,
  advice: 'Apply the config space only after the last byte of device state.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_state()',
    'qemu hw/vfio/migration.c: vfio_save_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ end: [vfio('end', [config, endOfState])] })],
  }),
  watch: () => {
    const journal = new VfioJournal();
    const misplaced = new Map<number, Misplaced[]>();
    let data: number | undefined;
    return {
      kinds: journalKinds,
      *event(event) {
        const closed = journal.take(event);
        if (event.kind === 'vfio-record' && event.section.device !== undefined) {
          const { section, name } = event;
          if (name === 'DEV_DATA_STATE' && section.type === 'end') data = section.offset;
          if (name !== 'DEV_CONFIG_STATE' || section.recovered || section.type === 'full') return;
          const known = misplaced.get(event.section.device) ?? [];
          if (known.length < MOST)
            known.push({ record: event, behindData: data === section.offset });
          misplaced.set(event.section.device, known);
        }
        if (closed === undefined) return;
        for (const { record, behindData } of misplaced.get(closed.device) ?? []) {
          const { section, offset } = record;
          const old = behindData && closed.fulls === 0;
          yield {
            message: `a config record stands in a ${section.type.toUpperCase()} section`,
            expected: 'CONFIG_STATE in FULL only',
            device: closed.name,
            ...(old ? { severity: 'low' as const } : {}),
            at: [inSection(section, offset, 8)],
          };
        }
        misplaced.delete(closed.device);
      },
    };
  },
});
