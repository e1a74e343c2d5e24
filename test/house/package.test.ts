import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { describe, it } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(text('package.json')) as Manifest;
const cli = path.join(root, manifest.bin['vstate-check']!);

describe('the lockfile', () => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const locked = Object.entries(packages).filter(([where]) => where !== '');

  it('names no registry, so that it serves behind any', () => {
    assert.deepEqual(
      locked.filter(([, { resolved }]) => resolved !== undefined),
      [],
    );
  });

  it('has a digest of every package', () => {
    assert.deepEqual(
      locked.filter(([, { integrity }]) => integrity === undefined),
      [],
    );
  });

  // npm leaves them out without a word when a registry lacks them, and then `npm ci` fails.
  it('has the binaries of every platform', () => {
    const missing = locked.flatMap(([where, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          !(`${where}/node_modules/${name}` in packages || `node_modules/${name}` in packages),
      ),
    );
    assert.deepEqual(missing, []);
  });
});

describe('the built command line', () => {
  it('is a program by itself, and says the version of the package', () => {
    assert.notEqual(statSync(cli).mode & 0o111, 0);
    assert.match(readFileSync(cli, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    const { stdout, stderr, status } = spawnSync(process.execPath, [cli, '--version'], {
      encoding: 'utf8',
    });
    assert.deepEqual(
      { stdout, stderr, status },
      { stdout: `${manifest.version}\n`, stderr: '', status: 0 },
    );
  });

  it('takes compiled code of this V8, and does without it', () => {
    const copy = mkdtempSync(path.join(os.tmpdir(), 'vstate-start-'));
    try {
      for (const file of [
        'package.json',
        'corpus/mtty',
        'scripts/compile-ahead.mjs',
        'dist/cli.js',
        'dist/cli',
      ]) {
        cpSync(path.join(root, file), path.join(copy, file), { recursive: true });
      }
      const scripts = path.join(copy, 'dist', 'cli');
      const compiled = (): string[] =>
        readdirSync(scripts).filter((name) => name.endsWith('.compiled'));
      const verdict = (): unknown => {
        const { stdout, stderr, status } = spawnSync(
          process.execPath,
          [path.join(copy, 'dist', 'cli.js'), path.join(copy, 'corpus', 'mtty')],
          { encoding: 'utf8' },
        );
        return { stdout, stderr, status };
      };
      const ahead = path.join(copy, 'scripts', 'compile-ahead.mjs');
      const made = spawnSync(process.execPath, [ahead], { encoding: 'utf8' });
      assert.deepEqual([made.stdout, made.stderr, made.status], ['', '', 0]);
      assert.ok(compiled().some((name) => name.startsWith('main.cjs.')));
      const quick = verdict();
      for (const name of compiled()) writeFileSync(path.join(scripts, name), 'of another V8');
      assert.deepEqual(verdict(), quick);
      for (const name of compiled()) rmSync(path.join(scripts, name));
      assert.deepEqual(verdict(), quick);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it('loads zod, yaml and fast-check only when a command asks for them', () => {
    const scripts = path.join(path.dirname(cli), 'cli');
    const marks = ['CommanderError', 'ZodError', 'YAMLParseError', 'fast-check/cloneMethod'];
    const marksIn = (files: Iterable<string>): string[] => {
      const texts = [...files].map((file) => readFileSync(file, 'utf8'));
      return marks.filter((mark) => texts.some((script) => script.includes(mark)));
    };
    const all = readdirSync(scripts).filter((name) => name.endsWith('.cjs'));
    assert.deepEqual(marksIn(all.map((name) => path.join(scripts, name))), marks);
    assert.deepEqual(marksIn(eager(path.join(scripts, 'main.cjs'))), ['CommanderError']);
  });

  it('ships the licences of what is bundled', () => {
    const licences = readFileSync(path.join(path.dirname(cli), 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    assert.match(licences, /^commander \d/m);
  });
});

describe('the changelog', () => {
  it('has an entry for the version of the package', () => {
    assert.ok(text('CHANGELOG.md').includes(`\n## ${manifest.version} `));
  });
});

/** The scripts that are loaded before the first command runs: `entry`, and what it loads at once. */
function eager(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, specifier] of readFileSync(entry, 'utf8').matchAll(
    /^(?:var \w+ = )?require\("(\.[^"]+)"\);$/gm,
  )) {
    eager(path.join(path.dirname(entry), specifier!), seen);
  }
  return seen;
}
