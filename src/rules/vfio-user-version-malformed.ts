import { answer, ask, capabilities, userRestore, userSave, version } from './session-examples.ts';
import { said, sessionRule } from './session-rule.ts';

const texts = {
  unterminated: 'no NUL ends the text',
  'not-json': 'the text is no JSON',
  'too-deep': 'the text nests more than 32 levels',
  'too-long': 'the text is longer than 64 KiB',
} as const;

export default sessionRule({
  id: 'vfio-user-version-malformed',
  title: 'The capabilities of a VERSION message cannot be read',
  threats: ['feeder'],
  cwe: 'CWE-1286',
  rationale: `
Behind the numbers stands JSON that a NUL ends. Text without it, text that is no JSON, and members of
a wrong type are refused. A parser that looks for the NUL beyond the message, or takes an array for an
object, reads memory that is not its own.`,
  advice: 'Read the text within the message only, and refuse members of other types.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_VERSION',
    'libvfio-user lib/tran.c: tran_parse_version_json()',
  ],
  over: ['session-message'],
  begin: () => ({ page: undefined as number | undefined }),
  examples: () => ({
    good: [
      userRestore(),
      userSave(),
      userRestore({
        version: [
          ask(1, 'VERSION', version(`{"a":${'['.repeat(31)}${']'.repeat(31)}}`)),
          answer(1, 'VERSION', version(capabilities)),
        ],
      }),
    ],
    bad: [
      userRestore({
        version: [
          ask(1, 'VERSION', version('{"capabilities":[]}')),
          answer(1, 'VERSION', undefined, { error: 22 }),
        ],
      }),
      userRestore({
        version: [
          ask(1, 'VERSION', version('{').subarray(0, 5)),
          answer(1, 'VERSION', undefined, { error: 22 }),
        ],
      }),
      userRestore({
        version: [
          ask(1, 'VERSION', version(`{"a":${'['.repeat(32)}${']'.repeat(32)}}`)),
          answer(1, 'VERSION', undefined, { error: 22 }),
        ],
      }),
      userRestore({
        version: [
          ask(1, 'VERSION', version('{"capabilities":{"migration":{"pgsize":65536}}}')),
          answer(1, 'VERSION', version(capabilities)),
        ],
      }),
    ],
  }),
  *see(event, memory) {
    if (event.kind !== 'session-message') return;
    const { version } = event;
    if (version === undefined) return;
    const { text, wrong, page } = version;
    if (text === 'none') return;
    const asked = memory.page;
    memory.page = page;
    const differ = event.from === 'server' && (page ?? asked) !== (asked ?? page);
    if (text === 'read' && wrong.length === 0) {
      if (!differ) return;
      yield said(event, {
        message: `pgsize is ${page}, but the client has ${asked}`,
        expected: 'the same page size on both sides',
        at: 20,
      });
      return;
    }
    yield said(event, {
      message: text === 'read' ? wrong.join(', ') : texts[text],
      expected: 'a JSON object with capabilities, and a NUL behind it',
      at: 20,
    });
  },
});
