import { FEATURE_PROBE, FEATURE_SET, featureMask } from '../container/session/format.ts';
import { MIGRATION_PRE_COPY } from '../container/session/states.ts';
import { le64 } from '../container/session/write.ts';
import { v2Save } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

const MIG_PRECOPY_INFOv2 = 12;
const REINIT = 1;
const optIn = { record: 'feature', feature: MIG_PRECOPY_INFOv2, operation: 'set' } as const;

export default sessionRule({
  id: 'session-precopy-info-flags',
  title: 'Precopy information is used in a version that the device does not have',
  threats: ['version', 'corruption'],
  cwe: 'CWE-1288',
  rationale: `
Whoever sets MIG_PRECOPY_INFOv2 is told in the flags of precopy information that the device began anew; no
other bit means anything. The kernel refuses the setting with EINVAL for a device without PRE_COPY. Before
the setting the flags say nothing, and are not looked at here.`,
  advice:
    'Set MIG_PRECOPY_INFOv2 for devices with PRE_COPY only, and refuse flags without a meaning.',
  sources: ['linux include/uapi/linux/vfio.h: VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2'],
  over: ['session-precopy', 'session-feature'],
  also: ['session-device'],
  begin: () => ({ flags: 0n, isSet: false }),
  examples: () => ({
    good: [
      v2Save({ info: [optIn, { record: 'precopy-info', flags: REINIT }] }),
      v2Save({ info: [{ record: 'precopy-info', flags: 0xff }] }),
    ],
    bad: [
      v2Save({ info: [optIn, { record: 'precopy-info', flags: 2 }] }),
      v2Save({
        migration: [
          { record: 'feature', feature: 1, operation: 'get', data: le64(3n) },
          { ...optIn, result: -22 },
        ],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind === 'session-device') memory.flags = event.flags;
    if (event.kind === 'session-feature') {
      const { flags, migration, result } = event;
      memory.flags = migration ?? memory.flags;
      const isSet = (flags & FEATURE_SET) !== 0 && (flags & FEATURE_PROBE) === 0;
      if (!isSet || (flags & featureMask) !== MIG_PRECOPY_INFOv2) return;
      if ((result ?? 0) >= 0) memory.isSet = true;
      if (memory.flags === 0n || (memory.flags & MIGRATION_PRE_COPY) !== 0n) return;
      yield said(event, {
        message: `MIG_PRECOPY_INFOv2 is set, but the flags of the device are ${memory.flags}`,
        expected: 'a device with PRE_COPY',
      });
    }
    if (event.kind !== 'session-precopy' || !memory.isSet || event.result < 0) return;
    if ((event.flags & ~REINIT) === 0) return;
    yield said(event, {
      message: `flags are 0x${event.flags.toString(16)}`,
      expected: 'REINIT or nothing',
      at: 36,
      length: 4,
    });
  },
});
