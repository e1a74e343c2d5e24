import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, it } from 'vitest';
import type { Execution, Result, Step } from '../../src/targets/target.ts';
import { builds, compiled, lacks, opened } from './compile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vstate-harness-'));
afterAll(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

/** A device that takes a byte count and as many bytes, and crashes, hangs or exits when told so. */
const DEVICE = String.raw`
#include "vstate_harness.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct device { unsigned char bytes[64]; size_t size; int open; };

static void *open_device(void) { return calloc(1, sizeof(struct device)); }
static int begin(void *at) { struct device *d = at; d->open = 1; d->size = 0; return 0; }
static ssize_t write_device(void *at, const void *bytes, size_t size)
{
	struct device *d = at;
	if (!d->open)
		return -EBADF;
	if (size > sizeof d->bytes - d->size)
		return -EFBIG;
	memcpy(d->bytes + d->size, bytes, size);
	d->size += size;
	return (ssize_t)size;
}
static int end(void *at)
{
	struct device *d = at;
	d->open = 0;
	if (d->size == 0 || d->bytes[0] != d->size - 1)
		return -EINVAL;
	if (d->size > 1 && d->bytes[1] == 'C')
		*(volatile char *)8 = 1;
	if (d->size > 1 && d->bytes[1] == 'X')
		exit(3);
	if (d->size > 1 && d->bytes[1] == 'H')
		for (;;)
			;
	return 0;
}
static ssize_t save(void *at, void *bytes, size_t room)
{
	struct device *d = at;
	if (room < d->size)
		return -ENOSPC;
	memcpy(bytes, d->bytes, d->size);
	return (ssize_t)d->size;
}
static int reset(void *at) { memset(at, 0, sizeof(struct device)); return 0; }
static const struct vstate_target target = {
	.name = "example", .open = open_device, .begin = begin, .write = write_device, .end = end,
	.save = save, .reset = reset, .close = free,
};
VSTATE_HARNESS(target)
`;

const bytes = (text: string): Uint8Array => {
  const body = Buffer.from(text, 'latin1');
  return Uint8Array.of(body.length, ...body);
};

const begin: Step = { do: 'begin' };
const end: Step = { do: 'end' };
const write = (length: number): Step => ({ do: 'write', length });

const whole = (base: Uint8Array): Execution => ({
  inputs: [{ base, splices: [] }],
  steps: [begin, write(base.length), end],
  onRefusal: 'stop',
});

const kinds = (results: readonly Result[]): readonly string[] =>
  results.map(({ outcome }) => outcome.kind);

describe.skipIf(lacks('gcc'))('a harness in C', () => {
  it('gives each execution its answer, and goes on behind those that end the worker', async () => {
    const program = compiled(folder, 'device', DEVICE);
    await using target = await opened(program, { timeout: 300 });
    const good = bytes('good');
    const batch = ['good', 'Crash', 'good', 'Hang', 'good', 'Xit', 'good'].map((text) =>
      whole(bytes(text)),
    );
    const bad: Execution = {
      inputs: [{ base: good, splices: [{ at: 0, drop: 1, put: Uint8Array.of(9) }] }],
      steps: [begin, write(good.length), end],
      onRefusal: 'stop',
    };
    const results = await target.run([...batch, bad], never);
    assert.deepEqual(kinds(results), [
      'accepted',
      'crashed',
      'accepted',
      'hung',
      'accepted',
      'crashed',
      'accepted',
      'rejected',
    ]);
    assert.deepEqual(results[1]?.outcome, { kind: 'crashed', signal: 'SIGSEGV', stack: [] });
    assert.deepEqual(results[1].steps, [0, 6, undefined]);
    assert.deepEqual(results[5]?.outcome, { kind: 'crashed', signal: 'exit 3', stack: [] });
    assert.deepEqual(results[7]?.outcome, { kind: 'rejected', reason: 'end: EINVAL' });
    assert.deepEqual(results[7].steps, [0, 5, -22]);
  });

  it('carries out sessions step by step, with saves that later writes take', async () => {
    const program = compiled(folder, 'sessions', DEVICE, builds.asan);
    await using target = await opened(program);
    assert.deepEqual(
      { ...target.abilities, batch: 0 },
      {
        session: true,
        save: true,
        run: false,
        reset: true,
        coverage: false,
        comparisons: false,
        batch: 0,
        exactGrowth: true,
      },
    );
    const base = bytes('abc');
    const [round, stop, goOn] = await target.run(
      [
        {
          inputs: [{ base, splices: [] }],
          steps: [
            ...[begin, write(1), write(9), write(9), end, { do: 'save' } as const],
            ...[{ do: 'reset' } as const, { do: 'input', input: 'saved' } as const],
            ...[begin, write(2), write(2), end, { do: 'save' } as const, { do: 'run' } as const],
          ],
          onRefusal: 'stop',
        },
        {
          inputs: [{ base, splices: [] }],
          steps: [write(1), begin, end, { do: 'input', input: 0 }, begin, write(4), end],
          onRefusal: 'stop',
        },
        {
          inputs: [{ base, splices: [] }],
          steps: [write(1), end, begin, write(4)],
          onRefusal: 'go-on',
        },
      ],
      never,
    );
    assert.deepEqual(round?.steps, [0, 1, 3, undefined, 0, 4, 0, 0, 0, 2, 2, 0, 4, undefined]);
    assert.deepEqual(round.saves, [base, base]);
    assert.deepEqual(round.outcome, { kind: 'accepted' });
    assert.deepEqual(stop?.steps, [-9, 0, -22, 0, 0, 4, 0]);
    assert.deepEqual(stop.outcome, { kind: 'accepted' });
    // A feeder that goes on does not write the refused byte again.
    assert.deepEqual(goOn?.steps, [-9, -22, 0, 3]);
    assert.equal(goOn.outcome.kind, 'rejected');
  });
});
