import { containerFault, shownValue } from './container-fault.ts';
import { v2Restore } from './session-examples.ts';

export default containerFault({
  id: 'session-truncated',
  title: 'The recording ends inside a record or message',
  severity: 'medium',
  confidence: 'likely',
  threats: ['corruption'],
  cwe: 'CWE-1286',
  code: 'session-truncated',
  over: ['session-header'],
  rationale: `
The bytes stop before the record or message that they belong to ends. On a live socket a server closes
the connection. In a recording the last thing that was done is not known, and more may be missing than
this.`,
  advice: 'Record a session to its end.',
  sources: ['docs/sessions.md', 'libvfio-user lib/tran_sock.c: tran_sock_recv_body()'],
  examples: () => ({
    good: [v2Restore()],
    bad: [{ container: 'session', draft: { ...v2Restore().draft, cut: 5 } }],
  }),
  say: ({ wanted, got }) => ({
    message: `${shownValue(wanted)} bytes are announced, but ${shownValue(got)} are there`,
  }),
});
