import { ask, userRestore, userSave } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-request-unanswered',
  title: 'A request without a reply',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption'],
  cwe: 'CWE-835',
  rationale: `
The recording ends and requests still wait. The server hung or died over them, the connection was
closed, or the recording stopped too early. What such a request did is not known: a write counts as
taken here.`,
  advice: 'Answer every request, with an error if nothing else is possible.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  also: ['session-close'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [userRestore({ behind: [ask(8, 'DEVICE_RESET')] })],
  }),
  *see(event) {
    if (event.kind !== 'session-close' || event.unanswered === 0) return;
    yield said(event, {
      message:
        event.unanswered === 1
          ? 'one request has no reply'
          : `${event.unanswered} requests have no reply`,
      expected: 'a reply to each request',
    });
  },
});
