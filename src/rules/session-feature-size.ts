import {
  FEATURE_PROBE,
  FEATURE_SET,
  featureHeadLength,
  featureMask,
  featureShapes,
} from '../container/session/format.ts';
import { joined, stateBytes } from '../container/session/write.ts';
import { userFeature, userRestore, v2Restore } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-feature-size',
  title: 'A feature is given in fewer bytes than its structure has',
  threats: ['feeder'],
  cwe: 'CWE-131',
  rationale: `
The structure of a feature is its eight bytes of head and what the feature adds; argsz has to cover
both. The kernel refuses less with EINVAL. libvfio-user took a SET of eight bytes and read the device
state from behind the message.`,
  advice: 'Compare argsz, and the bytes that are really there, with the size of the structure.',
  sources: [
    'linux include/linux/vfio.h: vfio_check_feature()',
    'libvfio-user lib/libvfio-user.c: handle_device_feature()',
  ],
  over: ['session-feature'],
  begin: nothingKept,
  examples: () => ({
    good: [
      v2Restore(),
      userRestore(),
      userRestore({
        run: userFeature(7, {
          feature: 2,
          operation: 'set',
          argsz: 4096,
          data: stateBytes('RUNNING'),
        }),
      }),
    ],
    bad: [
      v2Restore({
        migration: [{ record: 'feature', feature: 1, operation: 'get', argsz: 8, result: -22 }],
      }),
      userRestore({
        behind: userFeature(8, { feature: 2, operation: 'set', data: new Uint8Array(4) }),
      }),
      userRestore({
        behind: userFeature(8, {
          feature: 2,
          operation: 'set',
          argsz: 16,
          data: joined([stateBytes('RUNNING'), new Uint8Array(1)]),
        }),
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-feature') return;
    const { argsz, flags, got, result, protocol } = event;
    const shape = featureShapes.get(flags & featureMask);
    const wanted = (flags & FEATURE_PROBE) === 0 ? (shape?.size ?? 0) : 0;
    const missing = (flags & FEATURE_SET) !== 0 && got < wanted && (result ?? 0) <= 0;
    // `argsz` is all that a vfio-user server looks at of what was sent.
    const sent = protocol === 'vfio-user' && (flags & FEATURE_SET) !== 0 ? got : 0;
    if (argsz - featureHeadLength >= Math.max(wanted, sent) && !missing) return;
    const name = shape?.name ?? `feature ${flags & featureMask}`;
    yield said(event, {
      message: missing
        ? `${name} has ${got} bytes behind its head, but its structure has ${wanted}`
        : `argsz of ${name} is ${argsz}`,
      expected: `${featureHeadLength + Math.max(wanted, sent)} bytes or more`,
    });
  },
});
