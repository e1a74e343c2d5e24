import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
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

  it('loads zod, yaml and fast-check only when a command asks for them', () => {
    const eager = [...staticImports(cli)].flatMap((file) => {
      // esbuild writes the path of every bundled file above its code.
      const bundled = readFileSync(file, 'utf8').matchAll(/^\s*\/\/ node_modules\/([\w-]+)\//gm);
      return [...bundled].map(([, name]) => name);
    });
    assert.deepEqual(
      [...new Set(eager)].filter((name) => name !== 'commander' && name !== 'chalk'),
      [],
    );
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

/** The files that Node loads before it runs the first line of `entry`, and `entry`. */
function staticImports(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, specifier] of readFileSync(entry, 'utf8').matchAll(
    /^(?:import|\} from|import .* from) "(\.[^"]+)";$/gm,
  )) {
    staticImports(path.join(path.dirname(entry), specifier!), seen);
  }
  return seen;
}
