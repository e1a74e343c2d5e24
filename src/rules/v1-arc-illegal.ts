import { isSaving } from '../container/session/states.ts';
import { STATE, registerWrite, v1Restore, v1Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-arc-illegal',
  title: 'A device goes a way between saving, resuming and running that there is not',
  threats: ['feeder'],
  cwe: 'CWE-841',
  rationale: `
A device that saves and one that resumes have nothing in common: between the two it is stopped or
runs. A driver that is asked for both in a row has buffers of the one when it begins the other, and
what it saves next is what was just being loaded. And from the last phase of a save none leads back to
the first: what was read of the stopped device is old as soon as it runs.`,
  advice:
    'Refuse RESUMING out of a saving state, saving out of RESUMING, and PRE_COPY out of STOP_COPY.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: state transitions',
    'libvfio-user docs/vfio-user.rst, before 0.2: device_state',
  ],
  over: ['session-access'],
  also: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [
      v1Save(),
      v1Restore(),
      // A save of a paused guest, and one that is cancelled.
      v1Save({ enter: [registerWrite(STATE, 0n), registerWrite(STATE, 2n)], stop: [] }),
      v1Save({ leave: [registerWrite(STATE, 1n)] }),
    ],
    bad: [
      v1Restore({ leave: [registerWrite(STATE, 2n)], run: [] }),
      v1Save({ leave: [registerWrite(STATE, 3n)] }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol !== 'v1') return;
    const { from, target } = event;
    if (from === undefined || target === undefined) return;
    const wrong =
      (isSaving(from) && target === 'RESUMING') ||
      (from === 'RESUMING' && isSaving(target)) ||
      (from === 'STOP_COPY' && target === 'PRE_COPY');
    if (!wrong) return;
    yield said(event, {
      message: `${target} is asked for in ${from}`,
      expected: 'STOP or RUNNING in between',
    });
  },
});
