/** Writes the documents that come from the catalogues: rule pages, format pages, the JSON schema. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = join(root, '.cache', 'documents.mjs');

await build({
  entryPoints: [join(root, 'scripts', 'documents.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const { documents } = await import(pathToFileURL(bundle).href);
await rm(join(root, 'docs', 'rules'), { recursive: true, force: true });
await rm(join(root, 'docs', 'formats'), { recursive: true, force: true });
for (const [path, text] of documents()) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}
