import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'vitest';
import { handWritten, root } from './documents.ts';

const printed = ['rules', 'formats'].flatMap((folder) => [
  `docs/${folder}.md`,
  ...readdirSync(join(root, 'docs', folder)).map((name) => `docs/${folder}/${name}`),
]);
const documents = [...handWritten(), 'SECURITY.md', 'CHANGELOG.md', ...printed];

const proseOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8').replaceAll(/^```[^]*?^```$/gmu, '');

/** The names that a viewer of Markdown gives to the headings of a page. */
const anchorsOf = (file: string): ReadonlySet<string> =>
  new Set(
    [...proseOf(file).matchAll(/^#+ (?<heading>.+)$/gmu)].map(({ groups }) =>
      groups!
        .heading!.toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

describe.each(documents)('%s', (file) => {
  it('links to what is there', () => {
    for (const [link, target = ''] of proseOf(file).matchAll(/\]\((?!\w+:)([^)\s]+)\)/gu)) {
      const [path = '', anchor] = target.split('#');
      const place = path === '' ? file : normalize(join(dirname(file), path));
      assert.ok(existsSync(join(root, place)), `${file}: ${link}`);
      if (anchor !== undefined) assert.ok(anchorsOf(place).has(anchor), `${file}: ${link}`);
    }
  });

  it('names files of the repository that are there', () => {
    const named = /`(?<path>(?:src|test|scripts|native|schema|docs|bench|corpus|ci)\/[\w./-]+)`/gu;
    for (const { groups } of proseOf(file).matchAll(named)) {
      const path = groups!.path!;
      // Programs of QEMU and Linux have a `scripts/`, too.
      if (/\.(?:py|pl)$/u.test(path)) continue;
      // `ID` and `NAME` stand for any; `corpus/` also is a folder of a campaign.
      if (/\b(?:ID|NAME|FOLDER)\b/u.test(path) || /^corpus\/(?:kept|generated)/u.test(path))
        continue;
      assert.ok(existsSync(join(root, path)), `${file}: ${path}`);
    }
  });
});
