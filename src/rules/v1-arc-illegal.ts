import { isSaving } from '../container/session/states.ts';
import { STATE, registerWrite, v1Restore, v1Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'v1-arc-illegal',
  title: 'A device goes from saving to resuming, or back, without stopping',
  threats: ['feeder'],
  cwe: 'CWE-841',
  rationale: `
A device that saves and one that resumes have nothing in common: between the two it is stopped or
runs. A driver that is asked for both in a row has buffers of the one when it begins the other, and
what it saves next is what was just being loaded.`,
  advice: 'Refuse RESUMING out of a saving state, and saving out of RESUMING.',
  sources: [
    'linux v5.8 include/uapi/linux/vfio.h: state transitions',
    'libvfio-user docs/vfio-user.rst, before 0.2: device_state',
  ],
  over: ['session-access'],
  also: ['session-state'],
  begin: nothingKept,
  examples: {
    good: [v1Save(), v1Restore()],
    bad: [v1Restore({ leave: [registerWrite(STATE, 2n)], run: [] })],
  },
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol !== 'v1') return;
    const { from, target } = event;
    if (from === undefined || target === undefined) return;
    const wrong =
      (isSaving(from) && target === 'RESUMING') || (from === 'RESUMING' && isSaving(target));
    if (!wrong) return;
    yield said(event, {
      message: `${target} is asked for in ${from}`,
      expected: 'STOP or RUNNING in between',
    });
  },
});
