import { containerFault, shownValue } from './container-fault.ts';
import { changed, parts, sound } from './container-examples.ts';
import { writeQemu } from '../container/qemu/write.ts';

const hidden = writeQemu([...parts.start, ...parts.end]);

export default containerFault({
  id: 'qemu-section-holds-vfio',
  title: 'A record of VFIO stands inside the body of another device',
  severity: 'high',
  confidence: 'likely',
  threats: ['feeder', 'guest'],
  cwe: 'CWE-436',
  code: 'vfio-in-device',
  over: ['section'],
  rationale: `
The body of an emulated device has no length, and only that device in the loader knows where it ends. A
description or a footer that was put there for a reader can make a body look longer than it is, so that
the sections of a VFIO device pass for its state: they are loaded, and no check sees them. Eight bytes that
are a tag of VFIO stand in the state of no emulated device unless somebody put them there.`,
  advice: 'Refuse a stream that can be read in two ways.',
  sources: [
    'qemu migration/savevm.c: qemu_loadvm_section_start_full()',
    'qemu hw/vfio/migration.c: VFIO_MIG_FLAG_DEV_SETUP_STATE',
  ],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        start: [],
        part: [],
        timer: [{ item: 'full', idstr: 'timer', version: 2, body: [new Uint8Array(24), hidden] }],
        end: [],
        full: [],
      }),
    ],
  }),
  say: ({ got }) => ({
    message: `the body of an emulated device holds ${shownValue(got)} of VFIO`,
    expected: 'no tag of VFIO outside its sections',
  }),
});
