import { userRestore, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-migration-flags',
  title: 'The device offers a set of migration states that cannot be',
  threats: ['version', 'corruption'],
  cwe: 'CWE-1287',
  rationale: `
Whatever else a device can do, without STOP_COPY it cannot be migrated, so bit 0 has to be set if any
is; bits above the third mean nothing. User space that looks only at the bit it wants enters states
that the device does not have.`,
  advice: 'Offer STOP_COPY with every other flag, and no flag that is not defined.',
  sources: ['linux include/uapi/linux/vfio.h: struct vfio_device_feature_migration'],
  over: ['session-feature'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Restore(), userRestore()],
    bad: [
      v2Restore({
        migration: [
          {
            record: 'feature',
            feature: 1,
            operation: 'get',
            data: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
          },
        ],
        enter: [],
        header: [],
        port: [],
        leave: [],
        run: [],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-feature' || event.migration === undefined) return;
    const flags = event.migration;
    if ((flags & ~7n) === 0n && (flags === 0n || (flags & 1n) === 1n)) return;
    yield said(event, {
      message: `the migration flags are 0x${flags.toString(16)}`,
      expected: 'STOP_COPY (1), with P2P (2) and PRE_COPY (4) or without',
    });
  },
});
