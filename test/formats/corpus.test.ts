import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, it } from 'vitest';
import { parse } from 'yaml';

import { formatById } from '../../src/formats/index.ts';
import { built } from '../corpus/index.ts';

interface Entry {
  readonly file: string;
  readonly source: string;
  readonly with?: { readonly channels?: readonly string[] };
}

const root = path.join(import.meta.dirname, '..', '..', 'corpus');

describe.each(Object.keys(built))('corpus/%s', (folder) => {
  const manifest = readFileSync(path.join(root, folder, 'corpus.yaml'), 'utf8');
  const entries = parse(manifest) as readonly Entry[];
  const bytesOf = (file: string): Uint8Array =>
    new Uint8Array(readFileSync(path.join(root, folder, file)));

  it('holds each built stream byte for byte as its table says', () => {
    const streams = built[folder] ?? {};
    const named = entries.filter(({ source }) => source.startsWith('built'));
    const files = named.flatMap((entry) => [entry.file, ...(entry.with?.channels ?? [])]);
    assert.deepEqual([...new Set(files)].sort(), Object.keys(streams).sort());
    for (const [file, bytes] of Object.entries(streams)) {
      assert.ok(Buffer.compare(bytesOf(file), bytes) === 0, `${file} is not what its table builds`);
    }
  });

  // The streams of other folders are alike on purpose: there the destination differs.
  if (formatById(folder) === undefined) return;

  it('holds no stream twice', () => {
    const seen = new Map<string, string>();
    for (const file of readdirSync(path.join(root, folder))) {
      if (!file.endsWith('.bin')) continue;
      const digits = Buffer.from(bytesOf(file)).toString('hex');
      assert.equal(seen.get(digits), undefined, `${file} equals ${seen.get(digits)}`);
      seen.set(digits, file);
    }
  });
});
