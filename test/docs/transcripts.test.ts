import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { run } from '../cli/run.ts';
import { blocksOf, handWritten, root, type Block } from './documents.ts';

/**
 * Blocks that begin with `$ ` show what commands print; a line `…` stands for any lines. Other blocks of
 * commands must end with exit code 0 or 1. Both are run as a reader would, in the order of their
 * document, in a folder that holds the corpus and the files that the documents name.
 */
const isTranscript = ({ text }: Block): boolean => text.startsWith('$ ');

const isCommands = ({ language, text }: Block): boolean =>
  language === 'sh' || (language === '' && /^(?:vstate-check|npx|npm) /mu.test(text));

/** Blocks of commands that are not run here, by document and how they begin, with the reason. */
const notRun: readonly (readonly [file: string, begin: string, reason: string])[] = [
  ['README.md', 'npm ci && npm run demo', 'needs a registry: .ci/run does'],
  ['README.md', 'npm ci && npm run check', 'needs a registry: .ci/run does'],
  ['bench/README.md', 'npm run', 'hours; test/bench has each of them small'],
  ['docs/fuzzing.md', 'npx vstate-check fuzz --demo', 'an hour; README.md has the demonstration'],
  ['docs/fuzzing.md', 'npx vstate-check fuzz --target', 'serves for ever: test/cli/dashboard'],
  ['docs/fuzzing.md', 'npx vstate-check replay', 'a finding of the reader: test/cli/fuzz'],
  ['docs/fuzzing.md', 'npx vstate-check corpus import', 'a corpus of the reader: test/cli/fuzz'],
  ['docs/guard.md', '# behind a file or a pipe', 'a virtual machine: test/guard'],
  ['docs/harness.md', '', 'compilers: test/targets/guide'],
  ['docs/reports.md', 'npx vstate-check captures/ --json', 'ten minutes; the tutorial ends so'],
  ['docs/sealed-format.md', 'VSTATE_SEALED=', 'a million mutations, in a clone'],
  ['docs/targets.md', 'cc ', 'a device'],
  ['docs/targets.md', 'modprobe ', 'a device'],
  ['docs/targets.md', 'npx vstate-check fuzz --target "command', 'for ever: test/targets/command'],
];

const reasonOf = ({ file, text }: Block): string | undefined =>
  notRun.find(([where, begin]) => where === file && text.startsWith(begin))?.[2];

/** Where the program and the corpus come from: this tree, or a folder where the package is installed. */
const { VSTATE_PACKED: installed } = process.env;
const origin = installed === undefined ? root : join(installed, 'node_modules', 'vstate-check');

interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

const transcripts = handWritten()
  .map((file) => [file, blocksOf(file)] as const)
  .filter(([, blocks]) => blocks.some((block) => isTranscript(block) || isCommands(block)));

const shownIn = ({ text }: Block): readonly Shown[] =>
  text
    .split(/^\$ /mu)
    .slice(1)
    .map((part) => {
      const lines = part.split('\n');
      const continued = lines.findIndex((line) => !line.endsWith('\\'));
      const output = lines.slice(continued + 1);
      while (output.at(-1) === '') output.pop();
      return { command: lines.slice(0, continued + 1).join('\n'), output };
    });

describe.each(transcripts)('%s', (_, blocks) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-reader-'));
    for (const name of ['corpus', 'native']) symlinkSync(join(origin, name), join(folder, name));
    mkdirSync(join(folder, 'captures'));
    for (const [name, from] of Object.entries(readersFiles)) {
      copyFileSync(join(origin, 'corpus', from), join(folder, name));
    }
    const fields =
      '{ magic: { type: le32, magic: 0x656d6361 }, units: { type: le32, identity: true } }';
    writeFileSync(
      join(folder, 'acme.yaml'),
      `format: acme\ntitle: Acme\nlayout:\n  fields: ${fields}\n`,
    );
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('prints what it shows', { timeout: 900_000 }, () => {
    for (const block of blocks) {
      if (block.name !== undefined) writeFileSync(join(folder, block.name), `${block.text}\n`);
      const where = `${block.file}:${block.line}`;
      if (isTranscript(block)) {
        for (const { command, output } of shownIn(block)) {
          const { stdout, stderr } = inShell(command);
          const printed = `${stdout}${stderr}`.trimEnd().split('\n');
          const told = `${where}: ${command}\nprints\n${printed.join('\n')}`;
          assert.ok(matches(printed, output), told);
        }
      } else if (isCommands(block) && reasonOf(block) === undefined) {
        for (const command of block.text.split(/(?<!\\)\n/u)) {
          const { status, stderr } = inShell(command);
          assert.ok(
            status === 0 || status === 1,
            `${where}: ${command}\nexits ${status}: ${stderr}`,
          );
          assert.doesNotMatch(stderr, /^vstate-check: /mu, `${where}: ${command}`);
        }
      }
    }
  });

  const inShell = (command: string): SpawnSyncReturns<string> => {
    const program = `'${process.execPath}' '${join(origin, 'dist', 'cli.js')}' "$@"`;
    const names = `npx() { shift; ${program}; }; vstate-check() { ${program}; }`;
    return spawnSync('bash', ['--norc', '-c', `${names}\n${command}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
    });
  };
});

describe('the table of blocks that are not run', () => {
  it.each(notRun)('has only blocks that there are: %s %s', (file, begin) => {
    assert.ok(blocksOf(file).some((one) => isCommands(one) && one.text.startsWith(begin)));
  });
});

/** What the documents call a file of the reader, and what it is here. */
const readersFiles: Readonly<Record<string, string>> = {
  'state.bin': 'mtty/two-ports.bin',
  'captures/state.bin': 'mtty/head-past-fifo.bin',
  'save-1.bin': 'mtty/mtty1-fifo3-loop.bin',
  'save-2.bin': 'mtty/two-ports.bin',
  'vm.mig': 'qemu/pc-mtty1.bin',
  'vm.stream': 'qemu/pc-mtty1.bin',
  'good.mig': 'qemu/pc-mtty1.bin',
};

/** Whether lines are those that are shown, where `…` stands for any. */
const matches = (lines: readonly string[], shown: readonly string[]): boolean => {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0 || (lines.length === 1 && lines[0] === '');
  if (first === '…') {
    return lines.some((_, at) => matches(lines.slice(at), rest)) || rest.length === 0;
  }
  return lines[0]?.trimEnd() === first.trimEnd() && matches(lines.slice(1), rest);
};

describe('the pictures of README.md', () => {
  it('were made of what the program prints today: node scripts/pictures.mjs makes them anew', () => {
    const args = ['corpus/mtty/head-past-fifo.bin', '--color', 'always'];
    const drawn = readFileSync(join(root, 'docs', 'pictures', 'terminal.ansi'), 'utf8');
    // The count of the rules is no part of the picture.
    assert.equal(run(args).stdout.replace(/^.*rules: \d+ passed.*\n/mu, ''), drawn);
  });

  it('are there, and small', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/docs\/pictures\/[\w-]+\.png/gu)].map(([file]) => file);
    assert.equal(named.length, 5);
    for (const file of named) assert.ok(statSync(join(root, file)).size < 150_000, file);
  });
});

describe('links', () => {
  it.each(handWritten())('of %s lead somewhere', async (file) => {
    const { existsSync, readFileSync } = await import('node:fs');
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/^```[\s\S]*?^```/gmu, '');
    const broken = [...text.matchAll(/\]\((?<target>[^)#\s]+)[^)]*\)/gu)]
      .map(({ groups }) => groups?.target ?? '')
      .filter((target) => !/^[a-z]+:/u.test(target) && !existsSync(join(root, file, '..', target)));
    assert.deepEqual(broken, []);
  });
});
