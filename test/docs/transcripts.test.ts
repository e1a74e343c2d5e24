import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { blocksOf, handWritten, root, type Block } from './documents.ts';

/**
 * Blocks that begin with `$ ` show what commands print. They are run as a reader would, in the order
 * of their document, in a folder that holds the corpus; a line `…` stands for any lines.
 */
const isTranscript = ({ text }: Block): boolean => text.startsWith('$ ');

const transcripts = handWritten()
  .map((file) => [file, blocksOf(file)] as const)
  .filter(([, blocks]) => blocks.some(isTranscript));

interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

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
    for (const name of ['corpus', 'native']) symlinkSync(join(root, name), join(folder, name));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('prints what it shows', { timeout: 240_000 }, () => {
    const npx = `npx() { shift; '${process.execPath}' '${join(root, 'dist', 'cli.js')}' "$@"; }`;
    for (const block of blocks) {
      if (block.name !== undefined) writeFileSync(join(folder, block.name), `${block.text}\n`);
      if (!isTranscript(block)) continue;
      for (const { command, output } of shownIn(block)) {
        const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${npx}\n${command}`], {
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: folder,
          encoding: 'utf8',
          env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
        });
        const printed = `${stdout}${stderr}`.trimEnd().split('\n');
        assert.ok(
          matches(printed, output),
          `${block.file}:${block.line}: ${command}\nprints\n${printed.join('\n')}`,
        );
      }
    }
  });
});

/** Whether lines are those that are shown, where `…` stands for any. */
const matches = (lines: readonly string[], shown: readonly string[]): boolean => {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0 || (lines.length === 1 && lines[0] === '');
  if (first === '…') {
    return lines.some((_, at) => matches(lines.slice(at), rest)) || rest.length === 0;
  }
  return lines[0]?.trimEnd() === first.trimEnd() && matches(lines.slice(1), rest);
};

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
