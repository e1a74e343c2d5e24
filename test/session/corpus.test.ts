import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { v1Streams, v2Streams } from './call-streams.ts';
import { vfioUserStreams, type Streams } from './streams.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');

const folders: readonly (readonly [string, Streams])[] = [
  ['vfio-user', vfioUserStreams],
  ['v2-session', v2Streams],
  ['v1-session', v1Streams],
];

describe.each(folders)('corpus/%s', (folder, streams) => {
  it('holds each stream byte for byte as its table says, and no other', () => {
    const files = readdirSync(join(corpus, folder)).filter((file) => file.endsWith('.bin'));
    assert.deepEqual(files.sort(), Object.keys(streams).sort());
    for (const [file, bytes] of Object.entries(streams)) {
      const held = readFileSync(join(corpus, folder, file));
      assert.ok(Buffer.compare(held, bytes) === 0, `${file} is not what its table builds`);
    }
  });
});
