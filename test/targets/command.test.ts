import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { commandSpecOf } from '../../src/targets/command-spec.ts';
import { openTarget } from '../../src/targets/open.ts';
import { wordsOf } from '../../src/targets/spec-words.ts';
import type { Outcome } from '../../src/targets/target.ts';
import { compile, lacks } from './compilers.ts';
import { execution, options, patient } from './options.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.skipIf(lacks('gcc'))('command:', () => {
  let folder = '';
  let program = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-command-test-'));
    program = compile([join(import.meta.dirname, 'command.c')], join(folder, 'restore'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const outcomesOf = async (
    spec: string,
    inputs: readonly string[],
    limits = options(),
  ): Promise<readonly Outcome[]> => {
    await using target = await openTarget(spec, limits);
    const results = await target.run(
      inputs.map((input) => execution(ascii(input))),
      patient,
    );
    return results.map(({ outcome }) => outcome);
  };

  it.each([
    ['standard input', ''],
    ['a file in the place of {}', '{}'],
    ['a file in the place of @@', '@@'],
  ])('feeds a state through %s', async (_, word) => {
    assert.deepEqual(await outcomesOf(`command:${program} ${word}`, ['fine', 'E\x05', '']), [
      { kind: 'accepted' },
      { kind: 'rejected', reason: 'exit 5' },
      { kind: 'rejected', reason: 'exit 3' },
    ]);
  });

  it('feeds a state through a file of a fixed name', async () => {
    assert.deepEqual(
      await outcomesOf(`command:[file=a/state] ${program} a/state`, ['E\x05', 'f']),
      [{ kind: 'rejected', reason: 'exit 5' }, { kind: 'accepted' }],
    );
  });

  it('reads exit codes as it is told', async () => {
    const spec = `command:[accept=3+10-12,crash=0,unavailable=9] ${program}`;
    assert.deepEqual(
      await outcomesOf(spec, ['E\x03', 'E\x0b', 'E\x00', 'E\x09', 'E\x02', 'E\x7f']),
      [
        { kind: 'accepted' },
        { kind: 'accepted' },
        { kind: 'crashed', signal: 'exit 0', stack: [] },
        { kind: 'unavailable', reason: 'exit 9' },
        { kind: 'rejected', reason: 'exit 2' },
        { kind: 'unavailable', reason: 'exit 127' },
      ],
    );
  });

  it('tells crashes, and reads assertions', async () => {
    assert.deepEqual(await outcomesOf(`command:${program}`, ['S', 'A']), [
      { kind: 'crashed', signal: 'SIGSEGV', stack: [] },
      { kind: 'crashed', signal: 'SIGABRT', stack: ['restore'] },
    ]);
  });

  it('tells what passes a limit, and goes on', async () => {
    const hasty = options({ timeout: 300 });
    assert.deepEqual(await outcomesOf(`command:${program}`, ['H', 'fine'], hasty), [
      { kind: 'hung' },
      { kind: 'accepted' },
    ]);
    const small = options({ memory: 64 << 20, timeout: 30_000, output: 100_000 });
    assert.deepEqual(await outcomesOf(`command:${program}`, ['M', 'P', 'fine'], small), [
      { kind: 'exhausted', what: 'memory' },
      { kind: 'exhausted', what: 'output' },
      { kind: 'accepted' },
    ]);
  });

  it('survives what closes its pipes, and what leaves a child behind', async () => {
    const long = `C${'x'.repeat(1 << 20)}`;
    assert.deepEqual(await outcomesOf(`command:${program}`, [long, 'F', 'fine']), [
      { kind: 'accepted' },
      { kind: 'accepted' },
      { kind: 'accepted' },
    ]);
  });

  it('hands on nothing of our environment', async () => {
    process.env.SECRET = 'x';
    const limits = options({ environment: { GIVEN: 'yes' } });
    await using target = await openTarget(`command:${program}`, limits);
    const [result] = await target.run([execution(ascii('V'))], patient);
    assert.equal(result!.message, 'clean yes\n');
  });

  it('warns that it is slow, and says what is not', async () => {
    const lines: string[] = [];
    const limits = options({ warn: (line) => lines.push(line) });
    await using target = await openTarget(`command:${program}`, limits);
    assert.ok(target.id.startsWith('command:'));
    assert.match(lines.join('\n'), /slow|costs/u);
    assert.match(lines.join('\n'), /LLVMFuzzerTestOneInput/u);
  });
});

describe('the words of a command target', () => {
  it.each([
    ['./a b  c', ['./a', 'b', 'c']],
    [`a 'b c' "d 'e" f\\ g`, ['a', 'b c', "d 'e", 'f g']],
    [`a ''`, ['a', '']],
    ['', []],
  ])('%s', (text, words) => {
    assert.deepEqual(wordsOf(text), words);
  });

  it.each([
    ['', /no program/u],
    ['[file=a', /not closed/u],
    ['[file=a] ./x {}', /exclude/u],
    ['[colour=1] ./x', /no setting/u],
    ['[accept=256] ./x', /no exit code/u],
    ['[accept=9-3] ./x', /no exit code/u],
    [`./x 'a`, /quote/u],
  ])('%s is refused', (text, why) => {
    assert.throws(() => commandSpecOf(text), why);
  });

  it('names a program that is not there', async () => {
    await assert.rejects(openTarget('command:./no-such-program', options()), /no-such-program/u);
  });
});
