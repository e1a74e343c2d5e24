import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { best, show, timeOf, type Measured } from './measured.ts';

/** Files that a person is thought to write, and that somebody else wrote. */
const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const good = join(corpus, 'mtty', 'mtty1-fresh.bin');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-written-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const written = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** The design allows 100 ms; a machine that does other work besides gets more, and more tries. */
const MOST_TIME = 500;
const MOST_MEMORY = 100e6;

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  /** The one line of a refusal; a file that is taken says nothing. */
  readonly says?: RegExp;
}

/** Each takes no more than a sound file of its kind, but for what the design allows. */
const quick = async (sound: readonly string[], cases: readonly Case[]): Promise<void> => {
  const base = await best(sound, 3, () => false);
  show('sound', base);
  assert.equal(base.status, 0, base.stderr);
  const enough = (ran: Measured): boolean => timeOf(ran) - timeOf(base) < MOST_TIME;
  for (const { name, args, status, says } of cases) {
    const ran = await best(args, 4, enough);
    show(name, ran);
    assert.equal(ran.status, status, `${name}: ${ran.stderr}`);
    if (says === undefined) assert.equal(ran.stderr, '', name);
    else {
      assert.match(ran.stderr, says, name);
      assert.match(ran.stderr, /^vstate-check: [^\n]+\n$/u, name);
    }
    assert.ok(enough(ran), `${name}: ${ran.milliseconds} ms, sound: ${base.milliseconds} ms`);
    assert.ok(
      (ran.peak ?? Infinity) - (base.peak ?? 0) < MOST_MEMORY,
      `${name}: ${ran.peak} bytes`,
    );
  }
};

/** Each takes no more than one that is as wrong and small. */
const refused = async (
  small: readonly string[],
  large: readonly (readonly string[])[],
  says: RegExp,
): Promise<void> => {
  const base = await best(small, 3, () => false);
  assert.equal(base.status, 2, base.stderr);
  for (const args of large) {
    const ran = await best(args, 4, (one) => timeOf(one) - timeOf(base) < MOST_TIME);
    show(args.join(' '), ran);
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, says);
    assert.match(ran.stderr, /^vstate-check: [^\n]+\n$/u);
    assert.ok(timeOf(ran) - timeOf(base) < MOST_TIME, `${args.join(' ')}: ${ran.milliseconds} ms`);
    // The file itself is held.
    assert.ok((ran.peak ?? Infinity) - (base.peak ?? 0) < 2 * MOST_MEMORY, `${ran.peak} bytes`);
  }
};

const many = (count: number, of: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => of(index)).join('');

/** YAML that keeps a reader busy or fills its memory, of any kind of file. */
const yaml: readonly (readonly [name: string, text: string])[] = [
  ['aliases', `a: &a [x, x]\n${many(20, (i) => `b${i}: &b${i} [${'*a, '.repeat(9)}*a]\n`)}`],
  ['cycle', 'a: &a [*a]\n'],
  ['brackets', `a: ${'['.repeat(500_000)}`],
  ['braces', `a: ${'{a: '.repeat(200_000)}`],
  ['dashes', `a:\n${'- '.repeat(400_000)}x`],
  ['indents', `a:\n${many(1400, (i) => `${' '.repeat(i + 1)}a:\n`)}`],
  ['keys', many(80_000, (i) => `k${i}: 1\n`)],
  ['same-keys', 'k: 1\n'.repeat(150_000)],
  ['lists', `windows: [${'0x0-0x1, '.repeat(100_000)}0x0-0x1]\n`],
  ['text', `a: "${'x'.repeat(1_000_000)}"\n`],
  ['quotes', `a: "${'a" "'.repeat(200_000)}"\n`],
  ['comments', '# a\n'.repeat(250_000)],
  ['documents', '---\n'.repeat(250_000)],
  ['nothing', '\0'.repeat(1_000_000)],
];

describe.skipIf(process.platform === 'win32')('a hostile file of a person', () => {
  it('is refused at once where an expectation is wanted', { timeout: 300_000 }, async () => {
    const sound = ['--expect', written('sound.yaml', 'format: mtty\n')];
    await quick(
      [good, ...sound],
      [
        ...yaml.map(([name, text]) => ({
          name,
          args: [good, '--expect', written(`${name}.yaml`, text)],
          status: 2,
          says: /\.yaml:?/u,
        })),
        {
          name: 'a device without an end',
          args: [good, '--expect', '/dev/zero'],
          status: 2,
          says: /\/dev\/zero: not a file/u,
        },
        {
          name: 'as much as is read',
          args: [
            good,
            '--expect',
            written('most.yaml', `fields:\n${many(1020, (i) => `  k${i}: 1\n`)}`),
          ],
          status: 1,
        },
      ],
    );
  });

  it('is refused at once where a policy is wanted', { timeout: 300_000 }, async () => {
    const sound = ['--policy', written('sound-policy.yaml', 'version: 1\nfail-on: high\n')];
    await quick(
      [good, ...sound],
      yaml.map(([name, text]) => ({
        name,
        args: [good, '--policy', written(`${name}.yaml`, text)],
        status: 2,
        says: /\.yaml:/u,
      })),
    );
  });

  it('is refused at once where a format is wanted', { timeout: 300_000 }, async () => {
    const head = 'format: bad\ntitle: hostile\n';
    const about = 'title: t, severity: low, threat: feeder, message: m, rationale: r';
    const formula = (...holds: readonly string[]): string =>
      `${head}layout: { fields: { a: u8 } }\ninvariants:\n${many(holds.length, (i) => `  - { id: x${i}, ${about}, holds: ${JSON.stringify(holds[i])} }\n`)}`;
    const state = written('state', Uint8Array.of(1));
    const args = (path: string): readonly string[] => [
      state,
      '--format-file',
      path,
      '--format',
      'bad',
    ];
    const twenty = `[${'0, '.repeat(19)}0]`;
    const thrice = `${twenty}.all(b, ${twenty}.all(c, ${twenty}.all(d, a + b + c + d >= 0)))`;
    const doubled = `["x"]${'.map(a, a + a + a + a + a + a + a + a)'.repeat(10)}.size() == 1`;
    await quick(args(written('sound-format.yaml', formula('a >= 0'))), [
      ...yaml.map(([name, text]) => ({
        name,
        args: args(written(`${name}.yaml`, text)),
        status: 2,
        says: /\.yaml:/u,
      })),
      ...(
        [
          [
            'types in a circle',
            `${head}types: { a: { fields: { b: b } }, b: { fields: { a: a } } }\nlayout: a\n`,
          ],
          [
            'types by types',
            `${head}types:\n  t0: u8\n${many(40, (i) => `  t${i + 1}: { fields: { a: t${i}, b: t${i} } }\n`)}layout: t40\n`,
          ],
          ['text that doubles', formula(doubled)],
          [
            'loops that take long',
            formula(thrice.replaceAll('20', '60'), `${thrice} && ${thrice}`),
          ],
          ['a pattern', formula('"aaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("(a+)+$")')],
          ['brackets of a formula', formula(`${'('.repeat(450)}a${')'.repeat(450)} == 0`)],
        ] as const
      ).map(([name, text]) => ({
        name,
        args: args(written(`${name}.yaml`, text)),
        status: 2,
        says: /\.yaml:\d+: /u,
      })),
      {
        name: 'a billion times a billion nothings',
        args: args(
          written(
            'repeat.yaml',
            `${head}layout: { array: 1000000000, of: { array: 1000000000, of: { fields: {} } } }\n`,
          ),
        ),
        status: 1,
      },
    ]);
  });

  it('is refused at once where a document is wanted', { timeout: 300_000 }, async () => {
    const begin =
      '{"document":"vstate-check decode","version":1,"container":"bare","bytes":60,"devices":';
    const field = (text: string): string =>
      `${begin}[{"name":"","instance":0,"format":"mtty","bytes":60,"fields":[${text}]}]}`;
    const into = ['--output', join(folder, 'out'), '--force'];
    const size = 64 << 20;
    const documents: readonly (readonly [name: string, text: string, says: RegExp])[] = [
      ['levels', `${begin}${'['.repeat(10_000_000)}`, /nests more than 200 levels/u],
      ['members', `${begin}{${many(2_000_000, (i) => `"${i}":1,`)}`, /1024 members in one object/u],
      ['text', `${begin}"${'a'.repeat(size)}"}`, /more than 65536 bytes without an end/u],
      [
        'escapes',
        `${begin}"${'\\\\'.repeat(size >> 1)}"}`,
        /more than 65536 bytes without an end/u,
      ],
      ['digits', `${begin}${'9'.repeat(size)}}`, /more than 4096 bytes without an end/u],
      ['space', `${begin}${' '.repeat(size)}[]}`, /more than 4096 bytes without an end/u],
      [
        'spaces',
        `${begin}[${`${' '.repeat(4000)},`.repeat(size >> 12)}`,
        /bytes outside of strings/u,
      ],
      ['NUL', '\0'.repeat(size), /byte 0 belongs to no value/u],
      ['room', field('{"name":"x","text":"","size":9007199254740991}'), /bytes of NUL/u],
      [
        'rooms',
        field(many(300, (i) => `${i === 0 ? '' : ','}{"name":"x","text":"","size":65536}`)),
        /bytes of NUL/u,
      ],
      [
        'one state over and over',
        `${field('{"name":"x","text":"","size":60}').slice(0, -1)},"pieces":[${many(50_000, (i) => `${i === 0 ? '' : ','}{"device":0,"at":0,"bytes":60}`)}]}`,
        /bytes of a state again: 120 of 60 bytes/u,
      ],
    ];
    const sound = written('sound.json', field('{"name":"x","text":"","size":60}'));
    await quick(
      ['encode', sound, ...into],
      [
        ...documents.map(([name, text, says]) => ({
          name,
          args: ['encode', written(`${name}.json`, text), ...into],
          status: 2,
          says,
        })),
        {
          name: 'a payload of a mebibyte',
          args: [
            'encode',
            written('mebibyte.json', field(`{"name":"x","hex":"${'0'.repeat(2 << 20)}"}`)),
            ...into,
          ],
          status: 0,
        },
      ],
    );
  });

  it('is refused at once where a finding is wanted', { timeout: 300_000 }, async () => {
    const finding = (name: string, document: string): string => {
      const path = join(folder, name);
      mkdirSync(path);
      for (const file of ['plan.json', 'finding.json']) writeFileSync(join(path, file), document);
      return path;
    };
    await refused(
      ['replay', finding('nothing', '{}')],
      [
        ['levels', '['.repeat(30_000_000)],
        ['objects', `[${'{},'.repeat(6_000_000)}{}]`],
        ['members', `{${many(3_000_000, (i) => `"${i}":1,`)}"a":1}`],
        ['digits', '1'.repeat(60 << 20)],
      ].map(([name = '', document = '']) => ['replay', finding(`finding-${name}`, document)]),
      /is not the folder of a finding/u,
    );
  });
});
