import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** The documents that people read, by path in the repository; printed pages are left out. */
export const handWritten = (): readonly string[] => [
  'README.md',
  'bench/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'rules.md' && name !== 'formats.md')
    .map((name) => `docs/${name}`),
];

export interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  /** The name under which a reader keeps the block: ```js file=mended.mjs */
  readonly name: string | undefined;
  readonly text: string;
}

/** The fenced blocks of a document. */
export const blocksOf = (file: string): readonly Block[] => {
  const blocks: Block[] = [];
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const opened = /^```(?<language>\w*)(?: file=(?<name>[\w.-]+))?$/u.exec(lines[at] ?? '');
    if (opened === null) continue;
    const { language = '', name } = opened.groups ?? {};
    const start = at + 1;
    at = lines.indexOf('```', start);
    blocks.push({ file, line: start, language, name, text: lines.slice(start, at).join('\n') });
  }
  return blocks;
};
