import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { documents } from '../../scripts/documents.ts';

const root = join(import.meta.dirname, '..', '..');

describe('documents from the catalogues', () => {
  const expected = documents();

  it.each([...expected.keys()])('%s says what the catalogue says (npm run documents)', (path) => {
    assert.equal(readFileSync(join(root, path), 'utf8'), expected.get(path));
  });

  it.each(['docs/rules', 'docs/formats'])('%s has no page of something that is gone', (folder) => {
    const stale = readdirSync(join(root, folder)).filter(
      (name) => !expected.has(`${folder}/${name}`),
    );
    assert.deepEqual(stale, []);
  });
});
