import { containerFault, shownValue } from './container-fault.ts';
import { v2Restore } from './session-examples.ts';

export default containerFault({
  id: 'session-log-damaged',
  title: 'A record of a session log cannot be read',
  severity: 'high',
  threats: ['corruption'],
  cwe: 'CWE-1286',
  code: 'session-record-invalid',
  over: ['session-header'],
  rationale: `
The log is damaged here, or was written by something that does not follow its format. What the record
said is not known, so what the session did at this point is not either; the walk goes on at the next
record.`,
  advice: 'Record the session again.',
  sources: ['docs/sessions.md'],
  examples: () => ({
    good: [v2Restore()],
    bad: [v2Restore({ behind: [{ record: 'reset', kind: 77 }] })],
  }),
  say: ({ wanted, got }) => ({
    message:
      typeof got === 'number' ? `a record has ${got} bytes` : `a record has ${shownValue(got)}`,
    expected: typeof wanted === 'number' ? `${wanted} bytes` : shownValue(wanted),
  }),
});
