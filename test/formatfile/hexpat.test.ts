import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { hexpatText } from '../../src/formatfile/hexpat.ts';
import { parseFormatFile } from '../../src/formatfile/load.ts';
import { formats } from '../../src/formats/index.ts';

const own = join(import.meta.dirname, 'every-layout.yaml');
const all = [...formats, parseFormatFile(readFileSync(own, 'utf8'), own)];

/** The text without comments and string literals, which may hold anything. */
const bare = (text: string): string =>
  text.replaceAll(/\/\/.*$/gmu, '').replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""');

const builtinTypes = new Set(['u8', 'u16', 'u24', 'u32', 'u48', 'u64', 'char']);

describe.each(all.map((format) => [format.id, hexpatText(format)] as const))(
  '%s for ImHex',
  (_id, text) => {
    it('closes what it opens', () => {
      const open: string[] = [];
      const pair: Readonly<Record<string, string>> = { '}': '{', ')': '(', ']': '[' };
      for (const character of bare(text)) {
        if ('{(['.includes(character)) open.push(character);
        else if ('})]'.includes(character)) assert.equal(open.pop(), pair[character]);
      }
      assert.deepEqual(open, []);
    });

    it('declares every type before it is used, and once', () => {
      const declared = new Set<string>();
      const forward = new Set<string>();
      for (const line of bare(text).split('\n')) {
        const made = /^(?:struct|enum) (\w+)/u.exec(line)?.[1];
        const later = /^using (\w+);$/u.exec(line)?.[1];
        const used = /^ {4,}(?:be )?(\w+) \w+(?:\[.*\])?(?: \[\[.*\]\])?;$/u.exec(line)?.[1];
        if (later !== undefined) forward.add(later);
        if (made !== undefined) {
          assert.ok(!declared.has(made), `${made} is declared twice`);
          declared.add(made);
        }
        if (used === undefined || builtinTypes.has(used)) continue;
        assert.ok(declared.has(used) || forward.has(used), `${used} is used before it is declared`);
      }
      assert.deepEqual(
        [...forward].filter((name) => !declared.has(name)),
        [],
      );
    });

    it('ends every statement and gives every field of a struct one meaning', () => {
      for (const line of bare(text)
        .split('\n')
        .map((one) => one.trim())) {
        const ended = /^$|^#|[{;,]$|^\}|^\w+ = \d+$/u.test(line);
        assert.ok(ended, line);
      }
      for (const [, body = ''] of bare(text).matchAll(/^struct \w+ \{\n(.*?)^\};/gmsu)) {
        // Alternatives of one field stand deeper; what stands at the first level stands once.
        const names = [...body.matchAll(/^ {4}(?:be )?\w+ (\w+)(?:\[.*\])?(?: \[\[.*\]\])?;$/gmu)];
        assert.equal(new Set(names.map(([, name]) => name)).size, names.length);
      }
    });

    it('places the state', () => {
      assert.match(text, /\nState state @ 0x00;\n$/u);
    });
  },
);
