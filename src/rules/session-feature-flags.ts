import {
  FEATURE_GET,
  FEATURE_PROBE,
  FEATURE_SET,
  featureMask,
  featureShapes,
} from '../container/session/format.ts';
import { featureBytes } from '../container/session/write.ts';
import { answer, ask, userFeature, userRestore, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

const known = featureMask | FEATURE_GET | FEATURE_SET | FEATURE_PROBE;

/** `libvfio-user lib/libvfio-user.c: handle_device_feature()` answers EINVAL to all others. */
const ofUser: ReadonlySet<number> = new Set([1, 2, 6, 7, 8]);

const wrongFlags = (flags: number): string | undefined => {
  const get = (flags & FEATURE_GET) !== 0;
  const set = (flags & FEATURE_SET) !== 0;
  const probe = (flags & FEATURE_PROBE) !== 0;
  if ((flags & ~known) !== 0) return 'a bit that means nothing';
  if (get && set && !probe) return 'GET and SET at once';
  if (!get && !set && !probe) return 'none of GET, SET and PROBE';
  const shape = featureShapes.get(flags & featureMask);
  // To probe for what there is not is how one asks for it.
  if (shape === undefined)
    return probe ? undefined : `no feature has the number ${flags & featureMask}`;
  if (get && !shape.get) return `${shape.name} cannot be read`;
  return set && !shape.set ? `${shape.name} cannot be set` : undefined;
};

export default sessionRule({
  id: 'session-feature-flags',
  title: 'A feature is used in a way that it does not have',
  threats: ['feeder'],
  cwe: 'CWE-1287',
  rationale: `
The upper bits of the flags say whether a feature is read, set or probed. A read and a set at once,
neither of them, an undefined bit, or a set of what can only be read is refused with EINVAL. A server
that looks at one bit only does something that the other side did not mean.`,
  advice: 'Refuse combinations that the feature does not have before looking at its data.',
  sources: [
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature()',
    'linux include/linux/vfio.h: vfio_check_feature()',
  ],
  over: ['session-feature'],
  begin: nothingKept,
  examples: () => ({
    good: [
      v2Restore(),
      userRestore(),
      userRestore({ behind: userFeature(8, { feature: 9, operation: 'get' }) }),
      v2Restore({ behind: [{ record: 'feature', feature: 99, operation: 'probe', result: -25 }] }),
    ],
    bad: [
      v2Restore({ migration: [{ record: 'feature', feature: 1, operation: 'set', result: -22 }] }),
      v2Restore({
        migration: [
          { record: 'feature', feature: 2, operation: 'set', flags: 0x3_0002, result: -22 },
        ],
      }),
      v2Restore({ behind: [{ record: 'feature', feature: 99, operation: 'get', result: -25 }] }),
      userRestore({
        behind: [
          ask(8, 'DEVICE_FEATURE', featureBytes({ feature: 9, operation: 'get' })),
          answer(8, 'DEVICE_FEATURE', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-feature') return;
    const { flags, protocol, result } = event;
    const number = flags & featureMask;
    // A server that answers has it, whatever the library of today knows.
    const isForeign = protocol === 'vfio-user' && !ofUser.has(number) && (result ?? 0) < 0;
    const unknown = isForeign && (flags & FEATURE_PROBE) === 0;
    const wrong = wrongFlags(flags) ?? (unknown ? `vfio-user has no feature ${number}` : undefined);
    if (wrong === undefined) return;
    yield said(event, {
      message: `flags are 0x${flags.toString(16)}: ${wrong}`,
      expected: 'one of GET and SET, as the feature has it',
    });
  },
});
