import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { wholeRestore } from '../../src/targets/target.ts';
import { lacks, opened } from './compile.ts';

const root = path.join(import.meta.dirname, '..', '..');
const guide = readFileSync(path.join(root, 'docs', 'harness.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'vstate-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'gu'))].map(
    ([, text = '']) => text,
  );

const lamp = (colours: number): Uint8Array => {
  const bytes = Buffer.alloc(8 + 4 * colours);
  bytes.writeUInt32LE(0x504d414c, 0);
  bytes.writeUInt8(3, 4);
  bytes.writeUInt8(colours, 5);
  return Uint8Array.from(bytes);
};

describe('the guide to a harness', () => {
  const commands = blocks('sh').flatMap((text) => text.trim().split('\n'));
  beforeAll(() => {
    writeFileSync(path.join(folder, 'lamp.c'), blocks('c')[0] ?? '');
  });

  it('has an example for each compiler', () => {
    assert.deepEqual(
      commands.map((command) => command.split(' ')[0]),
      ['clang', 'gcc', 'clang', 'afl-clang-fast'],
    );
  });

  it.skipIf(lacks('gcc', 'clang', 'afl-clang-fast')).each(commands)('compiles: %s', (command) => {
    const { status, stderr } = spawnSync('sh', ['-c', command], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NATIVE: path.join(root, 'native'), AFL_QUIET: '1' },
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  it('describes its state in a format file that is one', () => {
    assert.equal(parseFormatFile(blocks('yaml')[0] ?? '', 'lamp.yaml').id, 'lamp');
  });

  it.skipIf(lacks('gcc', 'clang')).each(['lamp-gcc', 'lamp-clang'])(
    'has the bug that it says, in %s',
    async (name) => {
      await using target = await opened(path.join(folder, name));
      const results = await target.run(
        [8, 9, 2].map((colours) => ({
          inputs: [{ base: lamp(colours), splices: [] }],
          steps: [...wholeRestore(4096), { do: 'run' } as const, { do: 'save' } as const],
          onRefusal: 'stop',
        })),
        new AbortController().signal,
      );
      assert.deepEqual(
        results.map(({ outcome }) => outcome.kind),
        ['accepted', 'crashed', 'accepted'],
      );
      assert.deepEqual(results[2]?.saves, [lamp(2)]);
      const crash = results[1]?.outcome;
      assert.ok(crash?.kind === 'crashed' && crash.stack[0] === 'lamp_end', JSON.stringify(crash));
    },
  );
});
