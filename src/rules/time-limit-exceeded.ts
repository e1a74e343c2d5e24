import { defineRule } from './rule.ts';

export default defineRule({
  id: 'time-limit-exceeded',
  title: 'The check was stopped by its time limit',
  severity: 'high',
  threats: ['feeder'],
  cwe: 'CWE-400',
  applies: { to: 'input' },
  rationale: `
The input was not read to its end in the time that --time-limit allows. What came after was not
checked. A stream that never ends keeps a restore path busy in the same way.`,
  advice: 'Bound the time of a restore, and treat an unfinished one as failed.',
  sources: ['CWE-400'],
  examples: () => ({ good: [], bad: [] }),
  watch: () => ({
    *end({ expired, bytes }) {
      if (!expired) return;
      yield {
        message: `the time limit ended the check after ${bytes} bytes`,
        at: [{ path: '', ranges: [{ offset: bytes, length: 0 }], bytes: new Uint8Array(0) }],
      };
    },
  }),
});
