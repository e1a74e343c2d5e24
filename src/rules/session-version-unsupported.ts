import { containerFault, shownValue } from './container-fault.ts';
import { v2Restore } from './session-examples.ts';

export default containerFault({
  id: 'session-version-unsupported',
  title: 'A session log of a version that is not read',
  severity: 'high',
  threats: ['version'],
  cwe: 'CWE-1286',
  code: 'session-version',
  over: ['session-header'],
  rationale: `
The records behind the header may have another shape than version 1 gives them. They are read as far
as they look like records, and what is found is a guess.`,
  advice: 'Convert the log, or use a newer vstate-check.',
  sources: ['docs/sessions.md'],
  examples: () => ({
    good: [v2Restore()],
    bad: [{ container: 'session', draft: { ...v2Restore().draft, version: 2 } }],
  }),
  say: ({ got }) => ({ message: `the version of the log is ${shownValue(got)}`, expected: '1' }),
});
