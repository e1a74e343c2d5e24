import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { openSource } from '../../src/bytes/source.ts';
import { rules } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import { expectationLike } from '../../src/check/like.ts';
import { parseManifest, type CorpusEntry } from '../../src/corpus/manifest.ts';
import { containerNames } from '../../src/container/names.ts';
import { reaches, type Finding } from '../../src/finding/finding.ts';
import { formatById } from '../../src/formats/index.ts';
import { trustOf } from '../corpus/trust-of.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const folders = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const notStreams = /^(?:corpus\.yaml|README\.md|.*\.jsonl?)$/u;

const findingsOf = async (folder: string, entry: CorpusEntry): Promise<readonly Finding[]> => {
  const { format, container, channels = [], expect = {}, like } = entry.with ?? {};
  const sources = channels.map((file) => openSource(join(corpus, folder, file)));
  const good = like === undefined ? undefined : openSource(join(corpus, folder, like));
  const source = openSource(join(corpus, folder, entry.file));
  try {
    const { findings } = await check(source, {
      format: format === undefined ? undefined : formatById(format),
      container: containerNames.find((name) => name === container),
      channels: sources,
      trust: trustOf(join(corpus, folder), entry),
      expect: { ...(good === undefined ? {} : await expectationLike(good)), ...expect },
    });
    return findings;
  } finally {
    source.close();
    good?.close();
    for (const channel of sources) channel.close();
  }
};

describe.each(folders)('corpus/%s', (folder) => {
  const path = join(corpus, folder, 'corpus.yaml');
  const entries = existsSync(path) ? parseManifest(readFileSync(path, 'utf8'), path) : [];

  it('lists every stream, and only streams that are there', () => {
    const files = readdirSync(join(corpus, folder), { withFileTypes: true })
      .filter((file) => file.isFile() && !notStreams.test(file.name))
      .map(({ name }) => name);
    const listed = entries.flatMap((entry) => [entry.file, ...(entry.with?.channels ?? [])]);
    assert.deepEqual([...new Set(listed)].sort(), files.sort());
  });

  it('names only rules that exist', () => {
    const known = new Set(rules.map(({ id }) => id));
    assert.deepEqual(
      entries.flatMap((entry) => entry.rules).filter((id) => !known.has(id)),
      [],
    );
  });

  it.each(entries.map((entry) => [entry.file, entry] as const))(
    'judges %s by exactly the rules that it names',
    async (_file, entry) => {
      const findings = await findingsOf(folder, entry);
      for (const { message } of findings) {
        assert.match(message, /^[^\n]*[^.\n]$/u, 'one line without a full stop');
        assert.doesNotMatch(message, /\$\{|\bNaN\b|\[object/u);
      }
      const grave = findings.filter(({ severity }) => reaches(severity, 'medium'));
      assert.deepEqual(
        [...new Set(grave.map(({ rule }) => rule))].sort(),
        [...entry.rules].sort(),
        grave.map(({ message }) => message).join('; '),
      );
      const refused = findings.some(({ severity }) => reaches(severity, 'high'));
      assert.equal(refused ? 'reject' : 'accept', entry.expect, entry.comment);
    },
  );
});

describe('the corpus', () => {
  it('shows every rule on a stream of its own', () => {
    const shown = new Set(
      folders.flatMap((folder) => {
        const path = join(corpus, folder, 'corpus.yaml');
        return existsSync(path)
          ? parseManifest(readFileSync(path, 'utf8'), path).flatMap((entry) => entry.rules)
          : [];
      }),
    );
    // Below medium a rule is not named in a manifest; these need a layout that no format has yet,
    // or an input that is no stream.
    const elsewhere = new Set([
      'checksum-mismatch',
      // More than 9 MiB; test/rules shows it.
      'gvt-g-image-too-large',
      'offset-mismatch',
      'length-mismatch',
      'tag-unknown',
      // Nothing tells such an image from noise unless somebody says that it is one.
      'mlx5-headerless-image',
      'input-damaged',
      // It judges a policy; test/policy shows it.
      'suppression-expired',
      'time-limit-exceeded',
    ]);
    const missing = rules
      // No stream shows who may write to its file; test/trust does.
      .filter(({ applies }) => applies.to !== 'file')
      .filter(
        ({ id, severity }) => reaches(severity, 'medium') && !elsewhere.has(id) && !shown.has(id),
      )
      .map(({ id }) => id);
    assert.deepEqual(missing, []);
  });
});
