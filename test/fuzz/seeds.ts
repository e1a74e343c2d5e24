import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseManifest } from '../../src/corpus/manifest.ts';
import { formats } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { skeletonOf, type Skeleton } from '../../src/fuzz/skeleton.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');

interface Entry {
  readonly name: string;
  readonly sound: boolean;
  readonly skeleton: Skeleton;
}

/** Every corpus entry of a built-in format that is bare device state, and each format's sample. */
export const entries: readonly Entry[] = formats.flatMap((format) => {
  const path = join(corpus, format.id, 'corpus.yaml');
  const listed = existsSync(path) ? parseManifest(readFileSync(path, 'utf8'), path) : [];
  const files = listed
    .filter(({ file, with: how }) => file.endsWith('.bin') && how?.container === undefined)
    .map(({ file, expect }) => ({
      name: `${format.id}/${file}`,
      sound: expect === 'accept',
      skeleton: skeletonOf(format, readFileSync(join(corpus, format.id, file))),
    }));
  const sample = skeletonOf(format, build(format.layout, format.sample).bytes);
  return [{ name: `${format.id}/sample`, sound: true, skeleton: sample }, ...files];
});
