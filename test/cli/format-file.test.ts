import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'vstate-format-file-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const lantern = 'test/formatfile/invented.yaml';

describe('--format-file', () => {
  it('adds the format and its rules to every list', () => {
    assert.match(run(['formats', '--format-file', lantern]).stdout, /^lantern +Lantern/mu);
    assert.match(run(['rules', '--format-file', lantern]).stdout, /lantern-current-past-members/u);
    const page = run(['rules', 'show', 'lantern-current-past-members', '--format-file', lantern]);
    assert.match(page.stdout, /Current member does not exist/u);
    const again = run(['formats', 'show', 'lantern', '--yaml', '--format-file', lantern]);
    assert.equal(again.stdout.trim(), readFileSync(lantern, 'utf8').trim());
  });

  it('says in one line where a file is wrong, and exits with 2', () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, 'format: a\ntitle: b\nlayout:\n  fields:\n    a: le33\n');
    const { status, stderr, stdout } = run([
      'check',
      'corpus/mtty/one-port.bin',
      '--format-file',
      path,
    ]);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /bad\.yaml:5: layout\.fields\.a: there is no type le33 \(known: .*\)\n$/u);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });

  it('takes a draft that init wrote, and a built-in format in this form', () => {
    const draft = join(folder, 'draft.yaml');
    const saves = ['mtty1-fresh', 'mtty1-fifo3-loop', 'mtty2-fresh', 'mtty2-both-ports'];
    const paths = saves.map((name) => `corpus/mtty/${name}.bin`);
    assert.equal(run(['init', 'format', ...paths, '--out', draft, '--id', 'guess']).status, 0);
    assert.equal(run(['init', 'format', ...paths, '--out', draft]).status, 3);
    const checked = run([...paths, '--format-file', draft]);
    assert.deepEqual([checked.status, checked.stderr], [0, '']);

    const yaml = join(folder, 'mtty.yaml');
    writeFileSync(yaml, run(['formats', 'show', 'mtty', '--yaml']).stdout);
    const bad = 'corpus/mtty/count-contradicts-head.bin';
    assert.equal(run([bad, '--format-file', yaml]).stdout, run([bad]).stdout);
  });
});
