import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { openSource } from '../../src/bytes/source.ts';
import { catalogueWith } from '../../src/check/catalogue.ts';
import { check, type CheckOptions } from '../../src/check/check.ts';
import { expectationLike } from '../../src/check/like.ts';
import { containerNames } from '../../src/container/names.ts';
import { parseManifest, type CorpusEntry } from '../../src/corpus/manifest.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { formatFileText } from '../../src/formatfile/print.ts';
import { twins } from '../../src/formatfile/twins.ts';
import type { Format } from '../../src/formats/format.ts';
import { formats } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { nameOf, pathOf, walk } from '../../src/layout/node.ts';
import { judge } from '../formats/judge.ts';

const builtins = formats.filter(({ id }) => id !== 'opaque');
const texts = new Map(builtins.map((format) => [format.id, formatFileText(format)]));
const again = new Map(
  builtins.map((format) => [
    format.id,
    parseFormatFile(texts.get(format.id)!, `${format.id}.yaml`),
  ]),
);
/** All formats from their files; none of the built-in ones is left but opaque. */
const fromFiles = catalogueWith(builtins.map(({ id }) => again.get(id)!));
const built = catalogueWith([]);

describe.each(builtins.map((format) => [format.id, format] as const))(
  '%s as a file',
  (id, format) => {
    const other = again.get(id)!;

    it('says the same of the format', () => {
      // What is compared elsewhere: by its states, and by its findings.
      const apart = new Set(['invariants', 'layout', 'recognise']);
      const said = (one: Format): unknown =>
        Object.fromEntries(
          Object.entries(one)
            .filter(([key]) => !apart.has(key))
            .map(([key, value]) => [key, typeof value === 'string' ? value.trim() : value]),
        );
      assert.deepEqual(said(other), said(format));
      assert.deepEqual(
        other.invariants.map((one) => ({
          id: one.id,
          severity: one.severity,
          threats: one.threats,
        })),
        format.invariants.map((one) => ({
          id: one.id,
          severity: one.severity,
          threats: one.threats,
        })),
      );
    });

    it('builds the same states', () => {
      assert.deepEqual(
        build(other.layout, format.sample).bytes,
        build(format.layout, format.sample).bytes,
      );
    });

    it('judges the examples of its invariants the same', () => {
      for (const { examples } of format.invariants) {
        const { good, bad } = examples();
        for (const draft of [...good, ...bad]) {
          const { bytes } = build(format.layout, draft);
          assert.deepEqual(judge(other, bytes), judge(format, bytes));
        }
      }
    });
  },
);

it('has a formula only for invariants that exist', () => {
  const known = new Set(builtins.flatMap(({ invariants }) => invariants.map(({ id }) => id)));
  assert.deepEqual(
    [...twins.keys()].filter((id) => !known.has(id)),
    [],
  );
});

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const folders = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'corpus.yaml')));

/** Everything that a check and an inspection say, with nothing left of what said it. */
const seen = async (
  path: string,
  { formats: known, rules }: typeof built,
  options: CheckOptions,
): Promise<unknown> => {
  const fields: string[] = [];
  const source = openSource(path);
  try {
    const checked = await check(source, {
      ...options,
      formats: known,
      rules,
      observer: {
        unit: ({ root, device }) => {
          for (const node of walk(root)) {
            const { value, start, length, layout, faults } = node;
            const name = typeof value === 'bigint' ? (nameOf(layout, value) ?? '') : '';
            const shown = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
            const codes = faults.map(({ code }) => code).join();
            fields.push(`${device} ${pathOf(node)} ${start} ${length} ${shown} ${name} ${codes}`);
          }
        },
      },
    });
    return { ...checked, fields };
  } finally {
    source.close();
  }
};

describe.each(folders)('corpus/%s through format files', (folder) => {
  const manifest = join(corpus, folder, 'corpus.yaml');
  const entries = parseManifest(readFileSync(manifest, 'utf8'), manifest);
  it.each(entries.map((entry) => [entry.file, entry] as const))(
    'finds the same in %s',
    async (file: string, entry: CorpusEntry) => {
      const { format, container, expect = {}, like } = entry.with ?? {};
      const path = join(corpus, folder, file);
      const results = [];
      for (const catalogue of [built, fromFiles]) {
        const good = like === undefined ? undefined : openSource(join(corpus, folder, like));
        const options = {
          format: catalogue.formats.find(({ id }) => id === format),
          container: containerNames.find((name) => name === container),
          expect: {
            ...(good === undefined ? {} : await expectationLike(good, catalogue)),
            ...expect,
          },
        };
        good?.close();
        results.push(await seen(path, catalogue, options));
      }
      assert.deepEqual(results[1], results[0]);
    },
  );
});
