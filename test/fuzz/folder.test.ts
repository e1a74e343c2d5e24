import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { Folder, type Settings } from '../../src/fuzz/campaign/folder.ts';
import { digestOf } from '../../src/fuzz/campaign/foreign.ts';

const settings: Settings = {
  version: 1,
  target: 'module:./restore.mjs',
  format: 'mtty',
  formatFiles: [],
  seed: 1,
  timeout: 1000,
  memory: 1 << 28,
  output: 1 << 20,
  environment: {},
  allowDevice: false,
  noise: [],
  dictionary: [],
};

const entryOf = (text: string) => {
  const bytes = Buffer.from(text);
  return { name: text, digest: digestOf(bytes), bytes };
};

describe('the folder of a campaign that never began', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vstate-folder-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('is taken away by who made it', () => {
    const path = join(root, 'campaign');
    Folder.create(path, settings, [entryOf('seed')]).close();
    assert.equal(existsSync(path), false);
  });

  it('stays, with what was added, when it was made by somebody who was killed', () => {
    const path = join(root, 'campaign');
    Folder.create(path, settings, [entryOf('seed')]);
    // What a process that is gone leaves: everything, and a lock that nobody holds.
    rmSync(join(path, '.lock'));
    const again = Folder.open(path);
    again.addKept(1, entryOf('another'));
    again.close();
    const last = Folder.open(path);
    assert.equal(last.kept().length, 2);
    last.close();
  });
});
