import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { parse } from 'yaml';
import { parseManifest } from '../../src/corpus/manifest.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { ksyText } from '../../src/formatfile/ksy.ts';
import type { Format } from '../../src/formats/format.ts';
import { formats } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { decode } from '../../src/layout/decode.ts';
import { leaves, walk } from '../../src/layout/node.ts';

const require = createRequire(import.meta.url);
interface Compiler {
  compile(language: string, ksy: unknown): Promise<Readonly<Record<string, string>>>;
}
const compiler = require('kaitai-struct-compiler') as Compiler;
const KaitaiStream = require('kaitai-struct/KaitaiStream') as new (bytes: ArrayBuffer) => unknown;

const root = join(import.meta.dirname, '..', '..');
mkdirSync(join(root, '.cache'), { recursive: true });
// Inside the project: what is compiled there asks for the run time that is installed here.
const folder = mkdtempSync(join(root, '.cache', 'ksy-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Reader = (bytes: Uint8Array) => object;

const readerOf = async (format: Format): Promise<Reader> => {
  const files = await compiler.compile('javascript', parse(ksyText(format)));
  const [[name, code] = ['', '']] = Object.entries(files);
  const path = join(folder, name.replace(/\.js$/u, '.cjs'));
  writeFileSync(path, code);
  const compiled = require(path) as Record<string, unknown>;
  const made = typeof compiled === 'function' ? compiled : Object.values(compiled)[0];
  const Class = made as new (stream: unknown) => object;
  return (bytes) => new Class(new KaitaiStream(new Uint8Array(bytes).buffer));
};

/** Numbers, text and bytes in the order of the stream. */
const kaitaiValues = function* (value: unknown): Generator<string> {
  if (value === undefined) return;
  if (value instanceof Uint8Array) yield Buffer.from(value).toString('hex');
  else if (Array.isArray(value)) for (const item of value) yield* kaitaiValues(item);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (!key.startsWith('_')) yield* kaitaiValues(inner);
    }
  } else if (typeof value === 'number' || typeof value === 'string') yield `${value}`;
};

const ourValues = (format: Format, bytes: Uint8Array): readonly string[] =>
  decode(format.layout, bytes)
    .flatMap((unit) => [...leaves(unit)])
    .filter(
      ({ layout }) => layout === 'gap' || !['struct', 'array', 'repeat'].includes(layout.kind),
    )
    .map(({ value }) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
      return typeof value === 'bigint' ? String(Number(value)) : String(value);
    });

/** Says where two long lists part; what an assertion would print of them is longer than memory. */
const assertSame = (format: Format, read: Reader, bytes: Uint8Array, what: string): void => {
  const ours = ourValues(format, bytes);
  let at = 0;
  for (const value of kaitaiValues(read(bytes))) {
    assert.equal(value, ours[at], `${what}: value ${at}`);
    at += 1;
  }
  assert.equal(at, ours.length, what);
};

/** The layout explains every byte; what a number should have been does not matter here. */
const isWhole = (format: Format, bytes: Uint8Array): boolean =>
  decode(format.layout, bytes).every((unit) =>
    [...walk(unit)].every(({ faults }) =>
      faults.every(
        ({ code }) => !['truncated', 'overrun', 'trailing', 'bad-text', 'budget'].includes(code),
      ),
    ),
  );

const corpusOf = ({ id }: Format): readonly (readonly [string, Uint8Array])[] => {
  const manifest = join(root, 'corpus', id, 'corpus.yaml');
  if (!existsSync(manifest)) return [];
  return parseManifest(readFileSync(manifest, 'utf8'), manifest).map(
    ({ file }) => [file, new Uint8Array(readFileSync(join(root, 'corpus', id, file)))] as const,
  );
};

describe.each(formats.map((format) => [format.id, format] as const))(
  '%s for Kaitai',
  (_id, format) => {
    it('compiles, and reads the same values of every whole stream of the corpus', async () => {
      const read = await readerOf(format);
      const streams = corpusOf(format).filter(
        ([, bytes]) => bytes.length > 0 && isWhole(format, bytes),
      );
      const sample = build(format.layout, format.sample).bytes;
      for (const [file, bytes] of [...streams, ['the sample', sample] as const]) {
        assertSame(format, read, bytes, file);
      }
    });
  },
);

it('says every layout of a format file', async () => {
  const text = readFileSync(join(import.meta.dirname, 'every-layout.yaml'), 'utf8');
  // Kaitai has numbers of five and seven bytes, but its run time for JavaScript reads 32 bits of them.
  const format = parseFormatFile(text.replaceAll(/le(?:40|56)/gu, 'le32'), 'every-layout.yaml');
  const read = await readerOf(format);
  const { bytes } = build(format.layout, format.sample);
  assert.ok(isWhole(format, bytes));
  assertSame(format, read, bytes, 'the sample');
});
