import {
  DEVICE_FEATURE,
  MESSAGE_NO_REPLY,
  MESSAGE_REPLY,
  MIG_DATA_READ,
  MIG_DATA_WRITE,
  commandText,
  messageTypeMask,
} from '../container/session/commands.ts';
import { joined } from '../container/session/write.ts';
import { ask, dataHead, stateHeader, userRestore, userSave } from './session-examples.ts';
import { field, nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-no-reply-on-data',
  title: 'A migration message wants no reply',
  severity: 'medium',
  confidence: 'likely',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-252',
  rationale: `
Without a reply nobody learns that a write was refused or that the device is in another state than it
was asked for. The rest of the state is then written to a device that gave up long before, and the
guest is started on it.`,
  advice: 'Ask for a reply to every message of a migration.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        header: [ask(4, 'MIG_DATA_WRITE', joined([dataHead(24), stateHeader]), { flags: 0x10 })],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { command, flags } = event;
    const matters =
      command === MIG_DATA_READ || command === MIG_DATA_WRITE || command === DEVICE_FEATURE;
    if (!matters || (flags & MESSAGE_NO_REPLY) === 0) return;
    if ((flags & messageTypeMask) === MESSAGE_REPLY) return;
    yield said(event, {
      message: `${commandText(command)} wants no reply`,
      expected: 'a reply, and a look at it',
      ...field.flags,
    });
  },
});
