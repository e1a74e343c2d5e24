import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { tooLarge } from '../../src/compat/shape.ts';

const head = 'descriptor: 1\ndevices:\n';
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** What is still read, the nearest that is not, and why. */
const edges: readonly (readonly [what: string, most: string, more: string, says: RegExp])[] = [
  [
    'devices',
    lines(9990, (n) => `- name: d${n}\n  driver: x`),
    '- a\n'.repeat(20_001),
    /lines and/u,
  ],
  ['keys', lines(1020, (n) => `k${n}: 1`), lines(1030, (n) => `k${n}: 1`), /of one map$/u],
  ['keys in a device', lines(1020, (n) => `  k${n}: 1`), lines(1030, (n) => `  k${n}: 1`), /map$/u],
  [
    'a line',
    `a: ${'x'.repeat(16_000)}`,
    `a: ${'x'.repeat(16_385)}`,
    /more than 16384 characters$/u,
  ],
  ['levels', `a: ${'['.repeat(16)}`, `a: ${'['.repeat(17)}`, /nested too deep$/u],
  ['lists in lists', '- '.repeat(30), '- '.repeat(40), /nested too deep$/u],
  ['commas', `a: [${'1,'.repeat(1024)}]`, `a: [${'1,'.repeat(1025)}]`, /commas within brackets$/u],
  [
    'commas in each of many brackets',
    lines(30, () => `- { a: [${'1,'.repeat(500)}] }`),
    `- { a: [${'1,'.repeat(1025)}] }`,
    /commas within brackets$/u,
  ],
  ['comments', '# a\n'.repeat(3000), '# a\n'.repeat(20_001), /lines and/u],
  ['lines of brackets', '[\n'.repeat(16), '[\n'.repeat(17), /nested too deep$/u],
  ['brackets in names', lines(40, (n) => `port[${n}: 1`), '['.repeat(17), /nested too deep$/u],
  [
    'brackets left open',
    lines(257, (n) => `k${n}: in [0, 16)`),
    lines(258, (n) => `k${n}: { a`),
    /leaves bracket 257 open$/u,
  ],
  ['size', ' \n'.repeat(9000), lines(80, () => 'x'.repeat(16_000)), /characters of YAML/u],
];

describe('YAML of a descriptor file', () => {
  it.each(edges)('is counted before a reader sees it: %s', (_what, most, more, says) => {
    assert.equal(tooLarge(head + most), undefined);
    assert.match(tooLarge(head + more) ?? '', says);
  });
});
