import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { blocksOf, root } from './documents.ts';
import { run } from '../cli/run.ts';

/** Examples of `docs/library.md`: a block of code, and behind it a block of what it prints. */
const examples = blocksOf('docs/library.md').flatMap((block, index, all) =>
  block.language === 'js' ? [[block.line, block.text, all[index + 1]?.text ?? ''] as const] : [],
);

describe('docs/library.md', () => {
  let folder = '';
  beforeAll(() => {
    // Inside the package, so that its own name leads to what is built.
    mkdirSync(join(root, '.cache'), { recursive: true });
    folder = mkdtempSync(join(root, '.cache', 'library-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(examples)('runs the example of line %s', (line, code, printed) => {
    const file = join(folder, `${line}.mjs`);
    writeFileSync(file, code);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: root, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(stdout.trimEnd(), printed.trimEnd());
  });

  it('has a shorter example in README.md, which runs', () => {
    const code = blocksOf('README.md').find(({ language }) => language === 'ts');
    const file = join(folder, 'readme.mjs');
    const shown = `console.log(devices.length, findings.map(({ rule }) => rule.id));`;
    const sound = JSON.stringify(join(root, 'corpus', 'mtty', 'two-ports.bin'));
    writeFileSync(file, `${code!.text.replace("'state.bin'", sound)}\n${shown}`);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.deepEqual([stdout, stderr], ['1 []\n', '']);
  });

  it('says what the command says', () => {
    const input = 'corpus/mtty/head-past-fifo.bin';
    const file = join(folder, 'same.mjs');
    writeFileSync(
      file,
      `import { check, checkDocument, openSource } from 'vstate-check';
       const input = await check(openSource('${input}'));
       const tool = JSON.parse(process.argv[2]);
       console.log(JSON.stringify(checkDocument({ tool, expect: {}, inputs: [input] })));`,
    );
    const document = JSON.parse(run([input, '--json']).stdout) as { readonly tool: object };
    const { stdout } = spawnSync(process.execPath, [file, JSON.stringify(document.tool)], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.deepEqual(JSON.parse(stdout), document);
  });
});
