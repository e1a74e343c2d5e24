import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { JsonError, JsonMeter, parseJson, type JsonLimits } from '../../src/bytes/json.ts';

const limits: JsonLimits = {
  text: 4096,
  depth: 4,
  values: 40,
  members: 8,
  elements: 16,
  run: 100,
};

/** How far a meter reads, in blocks of some bytes, and what it says then. */
const metered = (text: string | Uint8Array, size: number): string => {
  const meter = new JsonMeter(limits);
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    assert.ok(!error.message.includes('\n'));
    return error.message.replaceAll(/ at byte \d+$/gu, '');
  }
};

const key = (index: number): string => `"k${index}":1`;
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => key(index)).join(',')}}`;
const elements = (count: number): string => `[${Array.from({ length: count }).fill(0).join(',')}]`;

const edges: readonly (readonly [what: string, most: string, more: string, says: RegExp])[] = [
  ['levels', '[[{"a":[]}]]', '[[{"a":[[]]}]]', /^nests more than 4 levels$/u],
  ['members', members(8), members(9), /^has more than 8 members in one object$/u],
  [
    'members of one name',
    `{${Array.from({ length: 8 }).fill('"a":1').join(',')}}`,
    `{${Array.from({ length: 9 }).fill('"a":1').join(',')}}`,
    /^has more than 8 members in one object$/u,
  ],
  ['elements', elements(16), elements(17), /^has more than 16 elements in one list$/u],
  [
    'values',
    `[${elements(13)},${elements(12)},${elements(12)}]`,
    `[${elements(14)},${elements(13)},${elements(13)}]`,
    /^has more than 40 values$/u,
  ],
  ['text', `"${'x'.repeat(99)}"`, `"${'x'.repeat(101)}"`, /^has more than 100 bytes without/u],
  ['space', `1${' '.repeat(99)}`, `1${' '.repeat(100)}`, /^has more than 100 bytes without/u],
  ['brackets in text', '"[[[[[[[["', '[[[[[[[[', /^nests more than 4 levels$/u],
  ['quotes in text', '"\\"[[[[[[\\\\"', '"\\\\"[[[[[[', /^nests more than 4 levels$/u],
  ['what is nowhere in JSON', '"\u0001"', '\u0001', /^is not JSON: byte 0 belongs to no value$/u],
];

describe('JSON of unknown origin', () => {
  it.each(edges)('is counted before it is parsed: %s', (_what, most, more, says) => {
    for (const size of [1, 2, 3, 7, 4096]) {
      assert.equal(metered(most, size), 'taken');
      assert.match(metered(more, size), says);
    }
  });

  it('is given as JSON.parse gives it, with the last of a key that stands twice', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.integer({ min: 1, max: 9 }), (text, size) => {
        const meter = new JsonMeter({ ...limits, depth: 9, values: 999, members: 99, run: 999 });
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
        const wide = { text: 1e6, depth: 9, values: 1e4, members: 1e4, elements: 1e4, run: 1e6 };
        assert.deepEqual(parseJson(bytes, wide), JSON.parse(text));
      }),
    );
    assert.deepEqual(parseJson(Buffer.from('{"a":1,"a":2}'), limits), { a: 2 });
  });

  it('gets one line when it is cut or no UTF-8', () => {
    for (const text of ['', '{', '{"a":', '"', '"\\', Buffer.from('"\xff"', 'latin1')]) {
      assert.throws(() => parseJson(Buffer.from(text), limits), /^Error: is not JSON: [^\n]+$/u);
    }
  });
});
