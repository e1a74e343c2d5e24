import { answer, userRestore, userSave } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-reply-unmatched',
  title: 'A reply to nothing that was asked',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-940',
  rationale: `
A reply has the id of a request that waits for it. One without a request is a second answer, or was
written by somebody who guesses: a client that gives it to whoever asks next lets the answer to one
question stand for another.`,
  advice: 'Close a connection on a reply that nothing waits for.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [userRestore({ behind: [answer(9, 'MIG_DATA_WRITE')] })],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    if (event.request !== 'none') return;
    yield said(event, {
      message: `nothing with id ${event.id} waits for a reply`,
      expected: 'a request before its reply',
      at: 0,
      length: 2,
    });
  },
});
