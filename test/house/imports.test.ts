import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, it } from 'vitest';

import { misplacedImports } from './imports.ts';

const src = path.join(import.meta.dirname, '..', '..', 'src');

describe('imports', () => {
  it('point up the table of folders, everywhere in src', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replaceAll(path.sep, '/'));
    assert.notEqual(files.length, 0);
    const wrong = files.flatMap((file) =>
      misplacedImports(file, readFileSync(path.join(src, file), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });

  const allowed: readonly (readonly [file: string, statement: string])[] = [
    ['bytes/range.ts', `import { at } from './cursor.ts';`],
    ['layout/decode.ts', `import { at } from '../bytes/cursor.ts';`],
    ['formats/mtty.ts', `import type { Severity } from '../finding/finding.ts';`],
    ['report/json.ts', `import type { Checked } from '../check/check.ts';`],
    ['report/json.ts', `export type { Checked } from '../check/check.ts';`],
    ['report/json.ts', `type Checked = import('../check/check.ts').Checked;`],
    ['report/text.ts', `import chalk from 'chalk';`],
    ['policy/policy.ts', `const { z } = await import('zod');`],
    ['targets/vfio-user.ts', `import { connect } from 'node:net';`],
    ['cli/main.ts', `import { Command } from 'commander';`],
    ['cli/main.ts', `import about from '../../package.json' with { type: 'json' };`],
    ['cli/commands/check.ts', `const { check } = await import('../../check/check.ts');`],
    ['index.ts', `export * from './fuzz/campaign.ts';`],
  ];
  it.each(allowed)('may stand in %s: %s', (file, statement) => {
    assert.deepEqual(misplacedImports(file, statement), []);
  });

  const planted: readonly (readonly [file: string, statement: string, wrong: string])[] = [
    ['bytes/a.ts', `import { b } from '../layout/b.ts';`, 'bytes may not import layout'],
    ['bytes/a.ts', `import type { B } from '../layout/b.ts';`, 'bytes may not import layout'],
    ['rules/a.ts', `export * from '../formats/b.ts';`, 'rules may not import formats'],
    ['layout/a.ts', `export { b } from '../check/b.ts';`, 'layout may not import check'],
    ['check/a.ts', `await import('../report/b.ts');`, 'check may not import report'],
    ['check/a.ts', `if (x) { void import(\`../cli/b.ts\`); }`, 'check may not import cli'],
    ['trust/a.ts', `let b: import('../rules/b.ts').B;`, 'trust may not import rules'],
    ['trust/a.ts', `import '../index.ts';`, 'trust may not import index.ts'],
    [
      'formats/a.ts',
      `import { b } from '../finding/b.ts';`,
      'formats may import only types of finding',
    ],
    [
      'report/a.ts',
      `import { type B } from '../check/b.ts';`,
      'report may import only types of check',
    ],
    ['layout/a.ts', `import { b } from '../bytes/b.js';`, '../bytes/b.js does not name a .ts file'],
    ['cli/a.ts', `import { b } from '../../test/b.ts';`, '../../test/b.ts lies outside src'],
    ['check/a.ts', `import '../../package.json';`, '../../package.json lies outside src'],
    ['cli/a.ts', `await import(name);`, 'the package computed:name has no row in the import table'],
    ['check/a.ts', `import 'commander';`, 'the package commander is not imported in check'],
    ['report/html.ts', `import 'chalk';`, 'the package chalk is not imported in report'],
    ['cli/a.ts', `import { z } from 'zod';`, 'the package zod is not imported in cli'],
    ['layout/a.ts', `await import('yaml');`, 'the package yaml is not imported in layout'],
    ['rules/a.ts', `import 'fast-check';`, 'the package fast-check is not imported in rules'],
    [
      'cli/a.ts',
      `import '@scope/left-pad/lib';`,
      'the package @scope/left-pad has no row in the import table',
    ],
    ['bytes/a.ts', `import 'fs';`, 'fs is written node:fs'],
    ['check/a.ts', `import 'node:https';`, 'node:https is not imported in check'],
    ['check/a.ts', `import 'node:net';`, 'node:net is not imported in check'],
  ];
  it.each(planted)('may not stand in %s: %s', (file, statement, wrong) => {
    assert.deepEqual(misplacedImports(file, statement), [`src/${file}:1: ${wrong}`]);
  });

  it('need a folder that the table knows', () => {
    assert.deepEqual(misplacedImports('utils/a.ts', ''), [
      'src/utils/a.ts: the folder utils has no row in the import table',
    ]);
    assert.deepEqual(misplacedImports('stray.ts', ''), [
      'src/stray.ts: the folder stray.ts has no row in the import table',
    ]);
  });

  it('are reported with their line', () => {
    const text = `import { ok } from './ok.ts';\n\nimport {\n  b,\n} from '../layout/b.ts';\n`;
    assert.deepEqual(misplacedImports('bytes/a.ts', text), [
      'src/bytes/a.ts:5: bytes may not import layout',
    ]);
  });
});
