import assert from 'node:assert/strict';
import { Chalk } from 'chalk';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { inputText } from '../../src/report/text.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';

const told = async (bytes: Uint8Array, width: number): Promise<string> =>
  inputText(
    await check(memorySource('state.bin', bytes)),
    (offset, length) => bytes.subarray(offset, offset + length),
    {
      chalk: new Chalk({ level: 0 }),
      quiet: false,
      verbose: true,
      width,
      listed: 'low',
    },
  );

describe('the text of a check', () => {
  it.each([40, 60, 80])(
    'fits %i columns, and marks the bytes under their offset',
    async (width) => {
      const text = await told(patched(0x3a, 0x77), width);
      const lines = text.split('\n');
      for (const line of lines) assert.ok(line.length <= width, line);
      const at = lines.findIndex((line) => /^ +\^+$/u.test(line));
      const column = lines[at]!.indexOf('^');
      assert.equal(lines[at - 1]!.slice(column, column + 2), '77');
    },
  );

  it('tells a finding that counts from one that is known', async () => {
    const input = await check(memorySource('state.bin', patched(0x30, 0x2c)));
    const known = input.findings.map((finding) => ({
      ...finding,
      excused: { kind: 'known' } as const,
    }));
    const options = {
      chalk: new Chalk({ level: 0 }),
      quiet: false,
      verbose: false,
      width: 80,
      listed: 'low',
    } as const;
    const text = inputText({ ...input, findings: known }, undefined, options);
    assert.match(text, /nothing that counts/u);
    assert.match(text, /\d known or suppressed; --verbose lists them/u);
    assert.doesNotMatch(text, /\d critical/u);
    assert.match(await told(mttyState, 80), /nothing wrong found/u);
  });
});
