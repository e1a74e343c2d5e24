import { answer, ask, userRestore, userSave } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-id-reused',
  title: 'An id is used again while its request waits',
  severity: 'low',
  confidence: 'possible',
  threats: ['corruption'],
  cwe: 'CWE-694',
  rationale: `
The specification allows it: ids belong to the sender, and a server must not assume that they differ.
But two replies with one id can be told apart only by their order, and a server that answers out of
order then answers the wrong question without either side noticing.`,
  advice: 'Use an id again only after its reply has come.',
  sources: ['libvfio-user docs/vfio-user.rst: Header'],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        behind: [
          ask(8, 'DEVICE_RESET'),
          ask(8, 'DEVICE_RESET'),
          answer(8, 'DEVICE_RESET'),
          answer(8, 'DEVICE_RESET'),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    if ((event.pending ?? 0) === 0) return;
    yield said(event, {
      message: `id ${event.id} is used while ${event.pending} of its requests wait for a reply`,
      expected: 'an id that nothing waits for',
      at: 0,
      length: 2,
    });
  },
});
