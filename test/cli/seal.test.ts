import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { run } from './run.ts';

let folder = '';
const file = (name: string): string => join(folder, name);
const identity = 'type=mtty,device=0000:00:02.0,vm=vm-1';
const now = ['--now', '2026-01-02T00:00:00Z'];
const ring = (): readonly string[] => ['--keyring', file('site.pub'), ...now];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-seal-'));
  writeFileSync(file('state.bin'), mttyState);
  assert.equal(run(['keygen', 'site', '--out', folder]).status, 0);
  const seal = ['seal', file('state.bin'), '--key', file('site.key'), '--for', identity];
  const made = run([...seal, '--sequence', '7', ...now, '-o', file('state.sealed')]);
  assert.equal(made.status, 0, made.stderr);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('keygen, seal, verify and open', () => {
  it('make a private key that only its owner reads', () => {
    assert.equal(statSync(file('site.key')).mode & 0o077, 0);
    assert.equal(run(['keygen', 'site', '--out', folder]).status, 2);
  });

  it('give back what was sealed, to a file and to standard output', () => {
    assert.equal(run(['verify', file('state.sealed'), ...ring()]).status, 0);
    const opened = run(['open', file('state.sealed'), '-o', file('back.bin'), ...ring()]);
    assert.deepEqual([opened.status, opened.stderr], [0, '']);
    assert.deepEqual(new Uint8Array(readFileSync(file('back.bin'))), mttyState);
  });

  it('leave no file when the seal does not hold', () => {
    const bytes = new Uint8Array(readFileSync(file('state.sealed')));
    writeFileSync(file('bad.sealed'), patchedAt(bytes, bytes.length - 80));
    const opened = run(['open', file('bad.sealed'), '-o', file('none.bin'), ...ring()]);
    assert.equal(opened.status, 1);
    assert.match(opened.stderr, /sealed-frame-signature-invalid/u);
    assert.ok(!existsSync(file('none.bin')));
  });

  it('refuse another device, and an older save than the last', () => {
    const other = run(['verify', file('state.sealed'), ...ring(), '--for', 'device=0000:00:03.0']);
    assert.equal(other.status, 1);
    assert.match(other.stdout, /sealed-device-differs/u);
    const count = ['--sequence-file', file('sequences'), ...ring()];
    const open = (name: string): number | null =>
      run(['open', file(name), '-o', file('out.bin'), '--force', ...count]).status;
    const older = ['seal', file('state.bin'), '--key', file('site.key'), '--for', identity];
    run([...older, '--sequence', '6', ...now, '-o', file('older.sealed')]);
    assert.deepEqual([open('state.sealed'), open('state.sealed'), open('older.sealed')], [0, 0, 1]);
  });

  it('are asked for their keyring, and say what is wrong with it', () => {
    assert.equal(run(['open', file('state.sealed')]).status, 2);
    writeFileSync(file('typo.pub'), `device: x\n${readFileSync(file('site.pub'), 'utf8')}`);
    const typo = run(['verify', file('state.sealed'), '--keyring', file('typo.pub')]);
    assert.equal(typo.status, 2);
    assert.match(typo.stderr, /typo\.pub:1: "device" is not known/u);
  });
});

describe('guard', () => {
  it('lets a sound state through, and nothing of another', () => {
    const good = run(['guard'], { input: mttyState });
    assert.deepEqual([good.status, good.stdout.length, good.stderr], [0, mttyState.length, '']);
    const bad = run(['guard', '--report', file('report.json')], { input: patched(0x30, 0x2c) });
    assert.deepEqual([bad.status, bad.stdout], [1, '']);
    assert.match(bad.stderr, /index-out-of-bounds/u);
    assert.match(readFileSync(file('report.json'), 'utf8'), /"rule": "index-out-of-bounds"/u);
  });

  it('lets a sealed state through only for those who name a keyring', () => {
    const input = new Uint8Array(readFileSync(file('state.sealed')));
    assert.equal(run(['guard', ...ring()], { input }).status, 0);
    const blind = run(['guard'], { input });
    assert.deepEqual([blind.status, blind.stdout], [1, '']);
    assert.match(blind.stderr, /--keyring/u);
  });
});

const patchedAt = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
