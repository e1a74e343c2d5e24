/**
 * Builds dist/ as a whole: the command line with every dependency bundled, the library with its
 * dependencies left to npm, the declarations, and the licences of what was bundled.
 *
 * Everything is written beside the old dist/ and renamed into its place at the end, so that a build
 * that fails leaves the last good one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const cache = path.join(root, '.cache');
const fresh = path.join(cache, `build-${process.pid}`);
const stale = path.join(cache, `stale-${process.pid}`);

const SHEBANG = '#!/usr/bin/env node\n';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

const ifPossible = process.argv.includes('--if-possible');

/** @returns {Promise<typeof import('esbuild') | undefined>} */
async function loadEsbuild() {
  try {
    return await import('esbuild');
  } catch (error) {
    if (error?.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

const esbuild = await loadEsbuild();
if (esbuild === undefined) {
  const message = 'the build needs the development dependencies: npm ci';
  console.error(ifPossible ? `not built: ${message}` : message);
  process.exit(ifPossible ? 0 : 1);
}

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  splitting: true,
  // On Node, yaml resolves to CommonJS, of which `await import('yaml')` would bundle to `default` alone.
  // chalk's own look for colours names `node:process`, and the namespace of that module touches
  // `process.stdin`, which makes a pipe there non-blocking. Here the flags decide about colours.
  alias: {
    yaml: './node_modules/yaml/browser/index.js',
    '#supports-color': './node_modules/chalk/source/vendor/supports-color/browser.js',
  },
  // Not minified: whoever reads what they installed, or a stack trace of it, should see the program.
  // Names are not kept by force either: that names each closure anew where it is made, which a
  // million records show.
  legalComments: 'none',
  metafile: true,
  write: false,
  // The names of chunks are made of it too.
  outdir: dist,
  logLevel: 'warning',
  // What `withOneCore` adds is such an import, for the sake of the link and not of an effect.
  logOverride: { 'ignored-bare-import': 'silent' },
};

/**
 * commander loads `node:child_process`, and with it the network, to run commands that are programs of
 * their own. There are none; `--version` took 198 ms of processor time with it and takes 182 ms.
 */
const withoutPrograms = {
  name: 'commander-without-programs',
  setup: (build) => {
    build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer)
        ? { path: 'no-programs', namespace: 'empty' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({
      contents: 'module.exports = {};',
    }));
  },
};

/**
 * A file that is loaded costs a start as much as 20 KB of code, and the splitter makes one of whatever
 * a set of commands shares: a check loaded 28 files and took 368 ms of processor time, 272 ms in one.
 * Every command is therefore taken to need what the check needs, so that all of that is one file.
 */
const CORE = path.join(root, 'src', 'cli', 'check.ts');
const withOneCore = {
  name: 'one-core',
  setup: (build) => {
    const commands = new Set();
    build.onResolve({ filter: /^\.\.?\// }, ({ kind, path: id, resolveDir }) => {
      if (kind === 'dynamic-import') commands.add(path.join(resolveDir, id));
      return undefined;
    });
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path: file }) =>
      commands.has(file) && file !== CORE
        ? {
            contents: `${await readFile(file, 'utf8')}\nimport ${JSON.stringify(CORE)};\n`,
            loader: 'ts',
          }
        : undefined,
    );
  },
};

const cli = await esbuild.build({
  ...common,
  plugins: [withoutPrograms, withOneCore],
  // Latin-1 all the way: as a string it takes a byte a character, and needs no decoding.
  charset: 'ascii',
  entryPoints: { 'cli/main': 'src/cli/main.ts' },
  chunkNames: 'cli/[name]-[hash]',
});

const starters = await esbuild.build({
  ...common,
  splitting: false,
  entryPoints: { cli: 'src/cli/start.ts', 'module-worker': 'src/targets/module-worker.ts' },
});

const library = await esbuild.build({
  ...common,
  charset: 'utf8',
  entryPoints: { index: 'src/index.ts' },
  chunkNames: 'lib/[name]-[hash]',
  packages: 'external',
});

refuseOutsiders(cli.metafile);

try {
  for (const file of cli.outputFiles) {
    await write(file.path.replace(/\.js$/, '.cjs'), await asScript(file.text));
  }
  for (const file of starters.outputFiles) {
    const entry = file.path === path.join(dist, 'cli.js');
    const text = (entry ? SHEBANG : '') + file.text;
    await write(file.path, text, entry ? 0o755 : 0o644);
  }
  for (const file of library.outputFiles) await write(file.path, file.contents);
  await write(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(cli.metafile));
  compileAhead();
  if (await emitDeclarations()) await replaceDist();
  else process.exitCode = 1;
} finally {
  await rm(fresh, { recursive: true, force: true });
  await rm(stale, { recursive: true, force: true });
}

/** Writes what belongs at a place in `dist` to that place in `fresh`. */
async function write(place, contents, mode = 0o644) {
  const file = path.join(fresh, path.relative(dist, place));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents, { mode });
}

/**
 * A module of the command line as a script, which V8 can be given compiled (src/cli/start.ts). The
 * splitter writes modules only, so each is turned over after it.
 */
async function asScript(text) {
  const { code } = await esbuild.transform(text, {
    format: 'cjs',
    platform: 'node',
    target: common.target,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'moduleUrl' },
  });
  const url = code.includes('moduleUrl')
    ? "const moduleUrl = require('node:url').pathToFileURL(__filename).href;\n"
    : '';
  return url + escaped(code.replaceAll(/require\("(\.\/[^"]+)\.js"\)/g, 'require("$1.cjs")'));
}

/** What esbuild leaves as it is: tagged templates, which nobody here reads raw, and expressions. */
function escaped(code) {
  return code.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** In a process of its own, for what it does to the one that it runs in. */
function compileAhead() {
  spawnSync(process.execPath, [path.join(root, 'scripts', 'compile-ahead.mjs'), fresh], {
    stdio: 'inherit',
  });
}

/** The published command line must run without node_modules: whatever is not bundled is built in. */
function refuseOutsiders({ outputs }) {
  const outside = Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external }) => external)
    .map(({ path: id }) => id)
    .filter((id) => !builtinModules.includes(id.replace(/^node:/, '')));
  if (outside.length > 0) {
    throw new Error(`the command line is not self-contained: ${[...new Set(outside)].join(', ')}`);
  }
}

/** Only what has changed is written anew, in a folder that is kept; dist/ gets a copy of it. */
async function emitDeclarations() {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const kept = path.join(cache, 'declarations');
  const { status } = spawnSync(
    process.execPath,
    [tsc, '--project', path.join(root, 'tsconfig.build.json'), '--outDir', kept],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) return false;
  // What was declared by a file that is gone is still there.
  const alive = (file) =>
    !file.endsWith('.d.ts') ||
    existsSync(path.join(root, 'src', path.relative(kept, file).replace(/\.d\.ts$/, '.ts')));
  await cp(kept, fresh, { recursive: true, filter: alive });
  return true;
}

/** Two builds may end at the same time. Either wins; the loser moves the winner's dist/ aside. */
async function replaceDist() {
  for (let tries = 1; ; tries += 1) {
    try {
      await rm(stale, { recursive: true, force: true });
      if (existsSync(dist)) await rename(dist, stale);
      await rename(fresh, dist);
      return;
    } catch (error) {
      if (tries === 5 || !['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error?.code)) throw error;
    }
  }
}

/** The licence texts of the packages that have bytes in the bundle, in the order of their names. */
async function licences({ outputs }) {
  const folders = new Set();
  for (const { inputs } of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
      if (match !== null && bytesInOutput > 0) folders.add(match[0]);
    }
  }
  const parts = [];
  for (const folder of [...folders].sort()) {
    const where = path.join(root, folder);
    const { name, version, license } = JSON.parse(
      await readFile(path.join(where, 'package.json'), 'utf8'),
    );
    const files = (await readdir(where)).filter((file) => LICENCE_FILE.test(file)).sort();
    if (files.length === 0) throw new Error(`${name} ${version} is bundled without a licence file`);
    const texts = await Promise.all(files.map((file) => readFile(path.join(where, file), 'utf8')));
    parts.push(
      [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n'),
    );
  }
  const rule = `\n\n${'-'.repeat(78)}\n\n`;
  return `dist/cli.js and dist/cli/ contain code of these packages.${rule}${parts.join(rule)}\n`;
}
