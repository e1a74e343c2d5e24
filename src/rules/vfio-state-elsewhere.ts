import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { place } from '../container/location.ts';
import { atSection } from './container-place.ts';
import { journalKinds, mayBeElsewhere, VfioJournal } from './vfio-journal.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-state-elsewhere',
  title: 'The state of a VFIO device is not in this input',
  severity: 'info',

  threats: ['corruption'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['section'] },
  rationale: `
With multifd device state transfer (QEMU 10.0 and later) the sections of the main channel hold only
END_OF_STATE, and the state and config record travel as packets in side channels. This input is
the main channel alone, so whether the state is complete and sound is undecided.`,
  advice: 'Capture every channel of a migration that is to be checked.',
  sources: ['qemu hw/vfio/migration-multifd.c: vfio_multifd_emit_dummy_eos()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        ramEnd: [{ item: 'end', idstr: 'ram', body: [{ ram: 'MULTIFD_FLUSH' }, { ram: 'EOS' }] }],
        end: [vfio('end', [endOfState])],
        full: [vfio('full', [endOfState])],
      }),
    ],
  }),
  watch: () => {
    const journal = new VfioJournal();
    return {
      kinds: journalKinds,
      *event(event) {
        const device = journal.take(event);
        if (
          device === undefined ||
          journal.damaged ||
          !(mayBeElsewhere(journal, device) && device.starts > 0 && device.configs === 0)
        )
          return;
        yield {
          message:
            'the last state and the config record travel in multifd channels that are not part of this input',

          device: device.name,
          at: [
            device.first === undefined
              ? place(device.name, device.opened)
              : atSection(device.first),
          ],
        };
      },
    };
  },
});
