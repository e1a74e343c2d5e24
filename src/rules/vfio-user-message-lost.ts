import { containerFault, shownValue } from './container-fault.ts';
import { writeMessages } from '../container/session/write.ts';
import { capabilities, version } from './session-examples.ts';

const messages = (size: number) =>
  ({
    container: 'vfio-user',
    bytes: writeMessages([
      { from: 'client', id: 1, command: 'VERSION', body: version(capabilities) },
      { from: 'client', id: 2, command: 'DEVICE_GET_INFO', body: new Uint8Array(16), size },
      { from: 'client', id: 3, command: 'DEVICE_GET_INFO', body: new Uint8Array(16) },
    ]),
  }) as const;

export default containerFault({
  id: 'vfio-user-message-lost',
  title: 'Messages of a connection cannot be told apart any more',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  code: 'session-message-lost',
  over: ['session-header'],
  rationale: `
Messages stand back to back, and only the size of one says where the next begins. A size that cannot
be puts a server out of step: it takes data for headers, and with them whatever commands the sender
wrote into the data.`,
  advice: 'Close a connection on the first header that cannot be.',
  sources: [
    'libvfio-user docs/vfio-user.rst: Header',
    'libvfio-user lib/libvfio-user.c: is_valid_header()',
  ],
  examples: () => ({
    good: [messages(32)],
    bad: [messages(8)],
  }),
  say: ({ got }) => ({ message: `a header has ${shownValue(got)}`, expected: 'a size from 16 up' }),
});
