import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { run } from './run.ts';

const root = join(import.meta.dirname, '..', '..');
const broken = join(root, 'corpus/mtty/head-past-fifo.bin');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-site-'));
  mkdirSync(join(folder, '.git'));
  mkdirSync(join(folder, 'a'));
  copyFileSync(broken, join(folder, 'a', 'state.bin'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const site = (text: string, where = ''): void => {
  writeFileSync(join(folder, where, 'vstate-check.yaml'), `version: 1\n${text}`);
};
const at = (...args: readonly string[]): ReturnType<typeof run> => run(args, { cwd: folder });

describe('the policy of a site', () => {
  it('is found above the input, and suppressions make the run pass until their day', () => {
    site('suppress: [{ rule: index-out-of-bounds, reason: mended soon, expires: 2030-01-01 }]\n');
    const ran = at('a/state.bin', '--now', '2029-12-31T12:00:00Z');
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /1 known or suppressed/u);
    const late = at('a/state.bin', '--now', '2030-01-02T12:00:00Z');
    assert.equal(late.status, 1);
    assert.match(late.stdout, /suppression-expired/u);
    assert.equal(at('a/state.bin', '--no-policy').status, 1);
  });

  it('takes a descriptor of the destination beside it, as --expect does', () => {
    const described = (state: string): void => {
      writeFileSync(join(folder, 'destination.yaml'), run(['describe', state]).stdout);
    };
    const state = join(root, 'corpus/mtty/two-ports.bin');
    copyFileSync(state, join(folder, 'a', 'state.bin'));
    site('expect-file: destination.yaml\n');
    described(state);
    assert.equal(at('a/state.bin').status, 0, at('a/state.bin').stdout);
    described(join(root, 'corpus/mtty/mtty1-fresh.bin'));
    const other = at('a/state.bin');
    const flag = at('a/state.bin', '--no-policy', '--expect', 'destination.yaml');
    assert.equal(other.status, 1);
    assert.deepEqual([other.status, other.stdout], [flag.status, flag.stdout]);
    writeFileSync(join(folder, 'destination.yaml'), 'descriptor: 2\n');
    const wrong = at('a/state.bin');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /^vstate-check: [^\n]*destination\.yaml: descriptor: [^\n]+\n$/u);
  });

  it('decides the threshold, and the flag decides over it', () => {
    site('fail-on: never\n');
    assert.equal(at('a/state.bin').status, 0);
    assert.equal(at('a/state.bin', '--fail-on', 'high').status, 1);
  });

  it('names suppressions that fit nothing', () => {
    site('suppress: [{ rule: tag-unknown, reason: left over }]\nfail-on: low\n');
    const ran = at('a/state.bin', '--json');
    const { inputs } = JSON.parse(ran.stdout) as {
      readonly inputs: readonly { readonly findings: readonly { readonly rule: string }[] }[];
    };
    assert.deepEqual(
      inputs.map(({ findings }) => findings.map(({ rule }) => rule)),
      [['index-out-of-bounds'], ['suppression-unused']],
    );
  });

  it('must be one for all inputs of a run', () => {
    mkdirSync(join(folder, 'b'));
    copyFileSync(broken, join(folder, 'b', 'state.bin'));
    site('fail-on: never\n', 'a');
    const { status, stderr } = at('a/state.bin', 'b/state.bin');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^vstate-check: the inputs fall under different policies: .*--policy FILE/u,
    );
  });

  it('is shown with the line of each value, and its mistakes with theirs', () => {
    site('fail-on: medium\nseverity:\n  tag-unknown: low\n');
    const shown = at('policy', 'show', 'a/state.bin');
    assert.equal(shown.status, 0);
    assert.match(shown.stdout, /^line 4 +severity\.tag-unknown: low$/mu);
    assert.equal(at('policy', 'check', 'vstate-check.yaml').status, 0);
    site('fail-on: sometimes\n');
    const wrong = at('policy', 'check', 'vstate-check.yaml');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /^vstate-check: vstate-check\.yaml:2: fail-on: [^\n]*\n$/u);
    assert.equal(at('policy', 'check', 'gone.yaml').status, 2);
  });
});
