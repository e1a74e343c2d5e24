import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { run } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vstate-init-harness-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('init harness', () => {
  it('prints a harness, or writes it to a file that is not there yet', () => {
    const { stdout, status } = run(['init', 'harness', 'mtty']);
    assert.equal(status, 0);
    assert.match(stdout, /VSTATE_HARNESS\(mtty_target\)\n$/u);
    const out = path.join(folder, 'mtty.c');
    assert.equal(run(['init', 'harness', 'mtty', '--out', out]).status, 0);
    assert.equal(readFileSync(out, 'utf8'), stdout);
    assert.equal(run(['init', 'harness', 'mtty', '--out', out]).status, 3);
  });

  it('knows the formats of format files, and says which it does not know', () => {
    const file = 'test/formatfile/invented.yaml';
    const { stdout } = run(['init', 'harness', 'lantern', '--format-file', file]);
    assert.match(stdout, /struct lantern_device/u);
    const { status, stderr } = run(['init', 'harness', 'lantern']);
    assert.equal(status, 2);
    assert.match(stderr, /there is no format "lantern"/u);
  });
});
