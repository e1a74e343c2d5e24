import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { wholeRestore, type Execution, type Target } from '../../src/targets/target.ts';
import { builds, compiled, lacks, opened } from './compile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vstate-feedback-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

const source = readFileSync(path.join(import.meta.dirname, 'restore.c'), 'utf8');

const state = (magic: number, count: number): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(count, 4);
  return bytes;
};
const whole = (base: Uint8Array): Execution => ({
  inputs: [{ base, splices: [] }],
  steps: wholeRestore(base.length),
  onRefusal: 'stop',
});
const wrong = whole(state(0x1badcaff, 1));
const good = whole(state(0x1badcafe, 1));
const more = whole(state(0x1badcafe, 6));
const tooMuch = whole(state(0x1badcafe, 9));

/** Compares its number with another one, and the places of its heap, stack, code and constants. */
const ADDRESSES = String.raw`
#include "vstate_harness.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static volatile unsigned equal;
static void *open_device(void) { return malloc(4096); }
static int begin(void *at) { (void)at; return 0; }
static ssize_t write_device(void *at, const void *bytes, size_t size)
{
	volatile uint64_t number, limit = 0x123456789a;
	void *volatile places[] = { at, malloc(1 << 20), (void *)&number, (void *)&equal, (void *)(uintptr_t)&begin };

	memcpy((void *)&number, bytes, sizeof number);
	equal += number == limit;
	for (unsigned one = 0; one < 5; one++)
		for (unsigned other = 0; other < 5; other++)
			equal += places[one] == places[other];
	free(places[1]);
	return (ssize_t)size;
}
static int end(void *at) { (void)at; return 0; }
static void close_device(void *at) { free(at); }
static const struct vstate_target target = {
	.name = "addresses", .open = open_device, .begin = begin, .write = write_device, .end = end,
	.close = close_device,
};
VSTATE_HARNESS(target)
`;

describe.each([
  ['clang', builds.clang, true],
  ['gcc', builds.gcc, true],
  ['counters', builds.counters, false],
] as const)('feedback of a harness built as %s', (name, build, sanitizers) => {
  describe.skipIf(lacks(build.compiler))('when it runs', () => {
    let program = '';
    let addresses = '';
    beforeAll(() => {
      program = compiled(folder, name, source, build);
      addresses = compiled(folder, `addresses-${name}`, ADDRESSES, build);
    });

    it('names features once in a run, and those that are known never', async () => {
      await using target = await opened(program);
      assert.ok(target.abilities.coverage);
      const news = async (executions: readonly Execution[]): Promise<readonly Uint32Array[]> =>
        (await target.run(executions, never)).map(({ features }) => features);
      const first = await news([wrong, good, wrong, more]);
      assert.ok(first[0]!.length > 0 && first[1]!.length > 0 && first[3]!.length > 0);
      assert.equal(first[2]!.length, 0);
      for (const features of first) assert.deepEqual(features, features.slice().sort());
      assert.deepEqual(await news([wrong, good, wrong, more]), first);
      target.know?.(first[1]!);
      const second = await news([good, wrong, more]);
      assert.deepEqual(new Set(first[0]), new Set([...second[0]!, ...second[1]!]));
      target.know?.(Uint32Array.from([...first[0]!, ...first[3]!]));
      assert.deepEqual(
        (await news([good, wrong, more])).map(({ length }) => length),
        [0, 0, 0],
      );
    });

    it('gives the operands of comparisons to those that ask', async () => {
      await using target = await opened(program);
      const [silent, asked] = await target.run([wrong, { ...wrong, comparisons: true }], never);
      assert.deepEqual(silent?.comparisons, []);
      assert.ok(
        asked?.comparisons.some(
          ({ bytes, left, right }) =>
            bytes === 4 &&
            [left, right].includes(0x1badcafen) &&
            [left, right].includes(0x1badcaffn),
        ),
      );
    });

    it('does not tell the addresses that a target compares', async () => {
      await using target = await opened(addresses);
      const [{ comparisons } = assert.fail()] = await target.run(
        [{ ...whole(Buffer.from('1122334455667788', 'hex')), comparisons: true }],
        never,
      );
      const operands = comparisons
        .filter((one) => one.bytes === 8)
        .flatMap(({ left, right }) => [left, right]);
      assert.ok(operands.includes(0x8877665544332211n), operands.join(' '));
      assert.ok(operands.includes(0x123456789an), operands.join(' '));
      const far = operands.filter((value) => value > 0xffff_ffffn && value >> 42n !== 0n);
      assert.deepEqual(new Set(far), new Set([0x8877665544332211n]));
    });

    it.skipIf(!sanitizers)('reads the stack of a crash, and names features on', async () => {
      await using target = await opened(program);
      const [before, crash, after, twice] = await target.run([good, tooMuch, more, good], never);
      assert.deepEqual(crash?.outcome, {
        kind: 'crashed',
        signal: 'heap-buffer-overflow',
        stack: ['fill', 'write_device'],
      });
      assert.match(crash.message, /ERROR: AddressSanitizer: heap-buffer-overflow/u);
      assert.ok(before!.features.length > 0 && after!.features.length > 0);
      assert.equal(twice!.features.length, 0);
      const [behind] = await target.run([whole(state(0x1badcafe, 0x7fffffff))], never);
      assert.deepEqual(behind?.outcome, {
        kind: 'crashed',
        signal: 'heap-buffer-overflow',
        stack: ['write_device'],
      });
    });
  });
});

const ONE_INPUT = String.raw`
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 2 && bytes[0] == 'b' && bytes[1] == 'u' && bytes[2] == 'g')
		__builtin_trap();
	return size == 0 ? -1 : 0;
}
`;

describe.skipIf(lacks('gcc'))('a harness that was written for libFuzzer', () => {
  it('is linked unchanged, and one call is the whole restore', async () => {
    await using target = await opened(compiled(folder, 'one-input', ONE_INPUT));
    assert.equal(target.abilities.session, false);
    const results = await target.run(
      ['fine', 'bug', ''].map((text) => whole(Buffer.from(text))),
      never,
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome.kind),
      ['accepted', 'crashed', 'rejected'],
    );
  });
});

const LEAK = String.raw`
#include "vstate_harness.h"
static int sum;
static void *open_device(void) { return &sum; }
static int begin(void *at) { (void)at; return 0; }
static ssize_t write_device(void *at, const void *bytes, size_t size)
{
	(void)at;
	(void)bytes;
	return (ssize_t)size;
}
static int end(void *at) { (void)at; return ++sum > 1 ? -1 : 0; }
static void close_device(void *at) { (void)at; }
static const struct vstate_target target = {
	.name = "leak", .open = open_device, .begin = begin, .write = write_device, .end = end,
	.close = close_device,
};
VSTATE_HARNESS(target)
`;

describe.skipIf(lacks('gcc'))('a harness whose state leaks', () => {
  let program = '';
  beforeAll(() => {
    program = compiled(folder, 'leak', LEAK);
  });
  const outcomes = async (environment: Readonly<Record<string, string>>): Promise<string> => {
    await using target: Target = await opened(program, { environment });
    const runs = [];
    for (let round = 0; round < 2; round += 1) {
      runs.push(...(await target.run([good, good], never)));
    }
    return runs.map(({ outcome }) => outcome.kind).join(' ');
  };

  it('runs each execution, or each batch, in a child of its own when asked', async () => {
    assert.equal(await outcomes({}), 'accepted rejected rejected rejected');
    assert.equal(await outcomes({ VSTATE_FORK: 'batch' }), 'accepted rejected accepted rejected');
    assert.equal(await outcomes({ VSTATE_FORK: '1' }), 'accepted accepted accepted accepted');
  });
});

const HUNGRY = String.raw`
#include "vstate_harness.h"
#include <stdlib.h>
#include <string.h>
static void *kept[4096];
static void *open_device(void) { return kept; }
static int begin(void *at) { (void)at; return 0; }
static ssize_t write_device(void *at, const void *bytes, size_t size)
{
	const char *letter = bytes;
	volatile char *once;

	(void)at;
	if (*letter == 'o') {
		once = malloc(50 << 20);
		if (once != NULL)
			once[0] = 1;
		free((void *)once);
	}
	for (size_t index = 0; *letter == 'm' && index < 4096; index++)
		kept[index] = malloc(10000);
	return (ssize_t)size;
}
static int end(void *at) { (void)at; return 0; }
static void close_device(void *at)
{
	(void)at;
	for (size_t index = 0; index < 4096; index++)
		free(kept[index]);
	memset(kept, 0, sizeof kept);
}
static const struct vstate_target target = {
	.name = "hungry", .open = open_device, .begin = begin, .write = write_device, .end = end,
	.close = close_device,
};
VSTATE_HARNESS(target)
`;

describe.skipIf(lacks('gcc'))('a harness that takes memory and gives it back', () => {
  const peaks = async (build: keyof typeof builds): Promise<readonly number[]> => {
    const program = compiled(folder, `hungry-${build}`, HUNGRY, builds[build]);
    await using target = await opened(program);
    const results = await target.run(
      Array.from('.o.m..', (letter) => whole(Buffer.from(letter))),
      never,
    );
    assert.deepEqual(
      results.map(({ growth }) => growth),
      results.map(() => 0),
    );
    return results.map(({ peak }) => peak);
  };

  it('tells how much it held at once, in one piece or in many', async () => {
    const [first, once, second, many, ...others] = await peaks('asan');
    assert.deepEqual([first, second, ...others], [0, 0, 0, 0]);
    assert.ok(once! >= 50 << 20 && once! < 60 << 20, String(once));
    assert.ok(many! >= 39_000_000 && many! < 42_000_000, String(many));
  });

  it('tells nothing without the allocator of a sanitizer', async () => {
    assert.deepEqual(await peaks('plain'), [0, 0, 0, 0, 0, 0]);
  });
});

describe('the same file', () => {
  const native = path.join(import.meta.dirname, '..', '..', 'native');
  const files = [
    path.join(import.meta.dirname, 'restore.c'),
    path.join(native, 'vstate_harness.c'),
  ];
  const build = (compiler: string, flags: readonly string[]): string => {
    const program = path.join(folder, `other-${compiler}`);
    const { status, stderr } = spawnSync(
      compiler,
      [
        ...['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-g', `-I${native}`],
        ...['-DVSTATE_LIBFUZZER', ...flags, '-o', program, ...files],
      ],
      { encoding: 'utf8', env: { ...process.env, AFL_QUIET: '1' } },
    );
    assert.equal(status, 0, stderr);
    return program;
  };

  it.each([
    ['gcc', []],
    ['gcc', ['-fsanitize=undefined']],
    ['clang', []],
    ['clang', ['-DVSTATE_LIBFUZZER']],
  ] as const)('compiles without a warning with %s %j', (compiler, flags) => {
    if (lacks(compiler)) return;
    const { status, stderr } = spawnSync(
      compiler,
      [
        ...['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O2', ...flags],
        ...['-c', '-o', '/dev/null', path.join(native, 'vstate_harness.c')],
      ],
      { encoding: 'utf8' },
    );
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  it.skipIf(lacks('clang'))('is a libFuzzer target, which finds the bug of a seed', () => {
    const program = build('clang', ['-fsanitize=fuzzer,address']);
    const seed = path.join(folder, 'seed');
    writeFileSync(seed, state(0x1badcafe, 9));
    const { status, stderr } = spawnSync(program, [seed], { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /heap-buffer-overflow/u);
  });

  it.skipIf(lacks('afl-clang-fast'))('is a target of AFL++', () => {
    build('afl-clang-fast', ['-fsanitize=fuzzer']);
  });
});
