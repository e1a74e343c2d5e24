import { answer, ask, capabilities, userRestore, userSave, version } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'vfio-user-version-unsupported',
  title: 'The major version of the protocol is not known',
  threats: ['version'],
  cwe: 'CWE-1286',
  rationale: `
The major version changes with the format of the messages, so what follows may mean anything. There is
only major version 0. A server refuses any other, and a client closes a connection whose server
answers with one.`,
  advice: 'Refuse every major version but the one that you speak.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_VERSION',
    'libvfio-user lib/tran.c: recv_version()',
  ],
  over: ['session-message'],
  begin: nothingKept,
  examples: () => ({
    good: [userRestore(), userSave()],
    bad: [
      userRestore({
        version: [
          ask(1, 'VERSION', version(capabilities, 1)),
          answer(1, 'VERSION', undefined, { error: 22 }),
        ],
      }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-message') return;
    const { version } = event;
    if (version === undefined || version.major === 0) return;
    yield said(event, {
      message: `the major version is ${version.major}`,
      expected: '0',
      at: 16,
      length: 2,
    });
  },
});
