// Writes the streams of corpus/ that are built from the tables in test/corpus/. Verdicts are not
// touched: a person writes them in corpus/*/corpus.yaml, and a test compares the files with the
// tables in every run. `node scripts/corpus.mjs` after a table was changed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const bundle = path.join(root, '.cache', 'corpus-tables.mjs');

await build({
  entryPoints: [path.join(root, 'test', 'corpus', 'index.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: bundle,
  logLevel: 'warning',
});
const { built } = await import(pathToFileURL(bundle).href);
rmSync(bundle);

for (const [folder, streams] of Object.entries(built)) {
  mkdirSync(path.join(root, 'corpus', folder), { recursive: true });
  for (const [file, bytes] of Object.entries(streams)) {
    writeFileSync(path.join(root, 'corpus', folder, file), bytes);
  }
  console.log(`corpus/${folder}: ${Object.keys(streams).length} streams`);
}
