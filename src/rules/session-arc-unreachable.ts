import { stateText } from '../container/session/states.ts';
import { refused, set, userSave, userSet, v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-arc-unreachable',
  title: 'A device state is asked for that cannot be reached',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  rationale: `
From STOP_COPY no way leads back to PRE_COPY, nothing leads to ERROR, and only a reset leads out of
it. A state that the flags of the device do not have cannot be reached at all. The kernel refuses such
a request before the device moves. A device that takes it runs a transition that its driver was never
written for.`,
  advice: 'Look the next step up in the table of the kernel, and refuse what it refuses.',
  sources: [
    'linux drivers/vfio/vfio_main.c: vfio_mig_get_next_state()',
    'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state',
  ],
  over: ['session-state'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save(), userSave()],
    bad: [
      v2Save({ leave: [set('PRE_COPY', refused)] }),
      v2Save({ behind: [set('ERROR', refused)] }),
      // A refused request that was possible leaves open where the device is.
      v2Save({ behind: [set('RUNNING', refused), set('ERROR', refused)] }),
      userSave({ behind: userSet(9, 'RUNNING_P2P') }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-state' || event.protocol === 'v1') return;
    const { from, target, to, path, result, never = false } = event;
    if (target === undefined || path !== undefined || (from === undefined && !never)) return;
    const done = result === undefined || result < 0 ? '' : ', and the device took it';
    yield said(event, {
      message: `${stateText(to)} is asked for ${from === undefined ? 'and' : `in ${from}, from where it`} cannot be reached${done}`,
      expected: from === 'ERROR' ? 'a reset' : 'a state that the table of the kernel leads to',
    });
  },
});
