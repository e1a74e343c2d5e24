import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { catalogueWith } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import { FormatFileError } from '../../src/formatfile/error.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';

const head = 'format: bad\ntitle: hostile\n';
const formula = (text: string): string => `${head}layout: { fields: { a: u8 } }
invariants:
  - { id: x, title: t, severity: low, threat: feeder, message: m, rationale: r, holds: ${JSON.stringify(text)} }
`;
const list = `[${Array.from({ length: 60 }, (_, index) => index).join(', ')}]`;

const twenty = `[${Array(20).fill('0').join(', ')}]`;

const hostile: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['nothing', '', /this key is missing|Invalid/u],
  ['a list', '- 1\n', /:1: .*[Ii]nvalid/u],
  ['an unknown key', `${head}layout: u8\nexec: rm\n`, /:4: exec: there is no such key/u],
  [
    'an unknown key of a field',
    `${head}layout:\n  fields:\n    a: { type: u8, run: 1 }\n`,
    /:5: layout\.fields\.a\.run: there is no such key/u,
  ],
  [
    'an unknown type',
    `${head}layout:\n  fields:\n    a: le33\n`,
    /:5: layout\.fields\.a: there is no type le33/u,
  ],
  [
    'a field that is not there',
    `${head}layout:\n  fields:\n    a: { bytes: sise }\n`,
    /:5: layout\.fields\.a\.bytes: there is no field sise/u,
  ],
  [
    'a partner that is not there',
    `${head}layout: { fields: { a: { type: u8, length-of: b } } }`,
    /there is no field b/u,
  ],
  ['two kinds', `${head}layout: { type: u8, bytes: 4 }`, /both type and bytes/u],
  [
    'a cycle of types',
    `${head}types: { a: { fields: { b: b } }, b: { fields: { a: a } } }\nlayout: a\n`,
    /contains itself/u,
  ],
  [
    'an endless lazy type',
    `${head}types: { a: { fields: { b: u8, c: { lazy: a } } } }\nlayout: a\n`,
    /without end/u,
  ],
  [
    'a lazy type that takes no byte',
    `${head}types: { a: { fields: { c: { when: { remaining: 1 }, then: { lazy: a } } } } }\nlayout: a\n`,
    /without a byte in between/u,
  ],
  [
    'an alias bomb',
    `${head}a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n`,
    /:4: an alias stands here/u,
  ],
  ['a key that stands twice', `${head}title: again\n`, /:3: the key title stands twice/u],
  ['brackets without end', `${head}layout: ${'['.repeat(60_000)}`, /:3: is nested too deep/u],
  ['lists within lists', `${head}layout:\n${'- '.repeat(30_000)}x`, /nested too deep/u],
  [
    'many keys',
    Array.from({ length: 5000 }, (_, index) => `k${index}: 1`).join('\n'),
    /:1025: is key 1025 of one map/u,
  ],
  ['many commas', `${head}layout: [${'1,'.repeat(2000)}]`, /:3: has more than 1024 commas/u],
  ['many lines', `${head}${'# x\n'.repeat(4000)}`, /has more than 4000 lines and commas/u],
  ['a large file', `# ${'x'.repeat(70_000)}`, /larger than/u],
  [
    'a type written out for ever',
    `${head}types:\n${Array.from({ length: 12 }, (_, index) => `  t${index}: { fields: { ${Array.from({ length: 8 }, (_, field) => `f${field}: ${index === 0 ? 'u8' : `t${index - 1}`}`).join(', ')} } }`).join('\n')}\nlayout: t11\n`,
    /more than 20000 parts/u,
  ],
  [
    'a formula that never ends',
    formula(`${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`),
    /:5: invariants\[0\]\.holds: the formulas up to here take more than 50000 steps/u,
  ],
  [
    'formulas that take long together',
    `${head}layout: { fields: { a: u8 } }
invariants:
${Array.from({ length: 40 }, (_, index) => `  - { id: x${index}, title: t, severity: low, threat: feeder, message: m, rationale: r, holds: "${twenty}.all(a, ${twenty}.all(b, ${twenty}.all(c, a + b + c >= 0)))" }`).join('\n')}
`,
    /:\d+: invariants\[\d+\]\.holds: the formulas up to here take more than 50000 steps/u,
  ],
  [
    'four loops',
    formula('[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))'),
    /loops stand too deep/u,
  ],
  ['a regular expression', formula('"aaaa".matches("(a+)+$")'), /there is no function matches/u],
  ['a deep formula', formula('('.repeat(400) + '1' + ')'.repeat(400)), /Exceeded maxDepth/u],
  ['a long formula', formula(`a == ${'1'.repeat(2000)}`), /at most 1000 characters/u],
  ['a formula over nothing', formula('b == 1'), /there is no field or constant b/u],
  [
    'a formula that reaches out',
    formula('self.constructor == 1'),
    /there is no field or constant constructor/u,
  ],
  ['half a formula', formula('a =='), /Unexpected token/u],
  [
    'a name that means something else',
    `${head}layout: { fields: { __proto__: u8 } }`,
    /a key is not called __proto__/u,
  ],
  ['text of a gigabyte', `${head}layout: { text: 1000000000 }`, /at most 65536/u],
];

describe('a hostile format file', () => {
  it.each(hostile)('gets one clear error: %s', (_what, text, says) => {
    const started = performance.now();
    assert.throws(
      () => parseFormatFile(text, 'bad.yaml'),
      (error) => {
        assert.ok(error instanceof FormatFileError, String(error));
        assert.match(error.message, /^bad\.yaml:\d+: /u);
        assert.ok(!error.message.includes('\n') && error.hint !== '');
        assert.match(error.message, says);
        return true;
      },
    );
    // Generous, because tests run beside each other; alone it is a few milliseconds.
    assert.ok(performance.now() - started < 2000);
  });

  it('cannot make a state repeat a billion times', async () => {
    const text = `${head}layout: { array: 1000000000, of: { fields: {} } }`;
    const catalogue = catalogueWith([parseFormatFile(text, 'bad.yaml')]);
    const source = memorySource('state', new Uint8Array(64));
    const { findings } = await check(source, { ...catalogue, format: catalogue.formats[0] });
    assert.notEqual(findings.length, 0);
  });

  it('cannot make a state take more steps than it has bytes for, and says what was not judged', async () => {
    const holds = 'holds: "' + Array(60).fill('self.a >= 0').join(' && ') + '"';
    const rest = 'title: t, severity: low, threat: feeder, message: m, rationale: r';
    const text = (rules: number): string => `${head}layout: { repeat: { fields: { a: le32 } } }
invariants:
${Array.from({ length: rules }, (_, index) => `  - { id: x${index}, ${rest}, ${holds} }`).join('\n')}
`;
    const judged = async (rules: number, records: number): Promise<readonly string[]> => {
      const catalogue = catalogueWith([parseFormatFile(text(rules), 'bad.yaml')]);
      const source = memorySource('state', new Uint8Array(records * 4));
      const { findings } = await check(source, { ...catalogue, format: catalogue.formats[0] });
      return findings.map(({ rule, message }) => `${rule} ${message}`);
    };
    assert.deepEqual(await judged(1, 1000), []);
    const said = await judged(20, 1000);
    assert.equal(said.length, 20);
    for (const [index, one] of said.entries()) {
      assert.match(
        one,
        /^bad-x\d+ cannot be judged: all formulas together took \d+ steps$/u,
        `${index}`,
      );
    }
  });

  it('reports a formula that does not fit the numbers of a state', async () => {
    const text = `${head}layout: { fields: { a: le64 } }
invariants:
  - { id: sum, title: t, severity: low, threat: feeder, message: m, rationale: r, holds: "a + a > 0" }
`;
    const catalogue = catalogueWith([parseFormatFile(text, 'bad.yaml')]);
    const source = memorySource('state', new Uint8Array(8).fill(0xff));
    const { findings } = await check(source, { ...catalogue, format: catalogue.formats[0] });
    assert.deepEqual(
      findings.map(({ rule, message }) => [rule, message.split(':')[0]]),
      [['bad-sum', 'cannot be judged']],
    );
  });
});
