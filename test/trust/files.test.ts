import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { mttyState } from '../../src/rules/examples.ts';
import { exposuresOf, type Caller } from '../../src/trust/files.ts';
import { run } from '../cli/run.ts';

const me: Caller = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
/** Only root makes files of other users. */
const root = me.uid === 0;
const OTHER = 4321;

let folder = '';
let state = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'vstate-files-')));
  state = join(folder, 'state.bin');
  writeFileSync(state, mttyState, { mode: 0o644 });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What is said of a file below the folder of the test; what lies above it is the machine's. */
const said = (path = state, caller = me): readonly (readonly string[])[] => {
  const fd = openSync(path, 'r');
  try {
    return exposuresOf(path, fstatSync(fd), caller)
      .filter(({ kind, message }) => kind !== 'path' || message.includes(folder))
      .map(({ kind, severity }) => [kind, severity]);
  } finally {
    closeSync(fd);
  }
};

describe('who may change a file', () => {
  it.each([0o600, 0o644, 0o664, 0o444])(
    'is nobody else with the mode %o and an own group',
    (mode) => {
      chmodSync(state, mode);
      assert.deepEqual(said(), []);
    },
  );

  it('is everybody who may write to it', () => {
    chmodSync(state, 0o666);
    assert.deepEqual(said(), [['writable', 'high']]);
  });

  it('is everybody who may rename in a folder on its way, unless that is sticky', () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const file = join(inner, 'state.bin');
    writeFileSync(file, mttyState, { mode: 0o644 });
    chmodSync(folder, 0o777);
    assert.deepEqual(said(file), [['path', 'high']]);
    chmodSync(folder, 0o1777);
    assert.deepEqual(said(file), []);
  });

  it('is judged by the descriptor, and a name that leads elsewhere by now is said', () => {
    const fd = openSync(state, 'r');
    const other = join(folder, 'other');
    writeFileSync(other, mttyState, { mode: 0o644 });
    chmodSync(state, 0o666);
    renameSync(other, state);
    const found = exposuresOf(state, fstatSync(fd), me).map(({ kind, severity }) => [
      kind,
      severity,
    ]);
    closeSync(fd);
    assert.ok(found.some(([kind]) => kind === 'writable'));
    assert.ok(found.some(([kind, severity]) => kind === 'path' && severity === 'high'));
  });

  it('goes through links as the kernel does, and says nothing of loops', () => {
    symlinkSync('state.bin', join(folder, 'relative'));
    symlinkSync(join(folder, 'relative'), join(folder, 'absolute'));
    assert.deepEqual(said(join(folder, 'absolute')), []);
    symlinkSync('loop', join(folder, 'loop'));
    const fd = openSync(state, 'r');
    assert.ok(exposuresOf(join(folder, 'loop'), fstatSync(fd), me).length < 20);
    closeSync(fd);
  });

  it.skipIf(!root)('is an owner who is neither root nor the caller', () => {
    chownSync(state, OTHER, OTHER);
    assert.deepEqual(said(), [['owner', 'medium']]);
    assert.deepEqual(said(state, { uid: OTHER, gid: OTHER }), [['path', 'medium']].slice(0, 0));
  });

  it.skipIf(!root)('is a group that is not the caller’s, and may write', () => {
    chownSync(state, 0, OTHER);
    chmodSync(state, 0o664);
    assert.deepEqual(said(), [['writable', 'medium']]);
    assert.deepEqual(said(state, { uid: 0, gid: OTHER }), []);
    chmodSync(state, 0o644);
    assert.deepEqual(said(), []);
  });

  it.skipIf(!root)('is the owner of a folder or of a link on its way', () => {
    const link = join(folder, 'link');
    symlinkSync(state, link);
    assert.deepEqual(said(link), []);
    lchownSync(link, OTHER, OTHER);
    assert.deepEqual(said(link), [['path', 'medium']]);
    chownSync(folder, OTHER, OTHER);
    assert.deepEqual(said(), [['path', 'medium']]);
  });
});

describe('the commands', () => {
  const rulesOf = (text: string): readonly string[] =>
    [...text.matchAll(/file-[a-z-]+/gu)].map(String);

  it('guard, verify and open say that others may write to the file', () => {
    chmodSync(state, 0o666);
    const guarded = run(['guard', '--no-policy'], { input: mttyState });
    assert.deepEqual([guarded.status, guarded.stderr], [0, '']);
    run(['keygen', 'site', '--out', folder]);
    const sealed = join(folder, 'state.sealed');
    const ring = ['--keyring', join(folder, 'site.pub')];
    run(['seal', state, '--key', join(folder, 'site.key'), '-o', sealed]);
    assert.equal(run(['verify', sealed, ...ring]).status, 0);
    chmodSync(sealed, 0o666);
    const verified = run(['verify', sealed, ...ring]);
    assert.equal(verified.status, 1);
    assert.deepEqual(rulesOf(verified.stdout), ['file-writable-by-others']);
    const opened = run(['open', sealed, ...ring, '-o', join(folder, 'out')]);
    assert.equal(opened.status, 1);
    assert.deepEqual(rulesOf(opened.stderr), ['file-writable-by-others']);
  });

  it('check says it where a policy asks for it, and warns of a policy that others may write', () => {
    chmodSync(state, 0o666);
    assert.equal(run([state, '--no-policy']).status, 0);
    const policy = join(folder, 'vstate-check.yaml');
    writeFileSync(policy, 'version: 1\ntrust: { files: required }\n', { mode: 0o644 });
    const asked = run([state]);
    assert.equal(asked.status, 1);
    assert.match(asked.stdout, /file-writable-by-others/u);
    chmodSync(policy, 0o666);
    assert.match(run([state]).stderr, /^vstate-check: warning: .*vstate-check\.yaml: every user/u);
  });

  it('seal and attest refuse a private key that others may read', () => {
    run(['keygen', 'site', '--out', folder]);
    const key = join(folder, 'site.key');
    for (const mode of [0o644, 0o640]) {
      chmodSync(key, mode);
      for (const command of ['seal', 'attest']) {
        const { status, stderr } = run([command, state, '--key', key]);
        assert.equal(status, 2);
        assert.match(stderr, /others may read this private key \(mode 06/u);
      }
    }
    chmodSync(key, 0o400);
    assert.equal(run(['seal', state, '--key', key, '-o', join(folder, 's')]).status, 0);
  });
});
