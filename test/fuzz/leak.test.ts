import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, it } from 'vitest';

import { leaksMemory } from '../../src/fuzz/oracles/leaks-memory.ts';
import { openTarget } from '../../src/targets/open.ts';
import { compile, lacks } from '../targets/compilers.ts';
import { options } from '../targets/options.ts';
import { runCampaign, temporary } from './run-campaign.ts';

const root = join(import.meta.dirname, '..', '..');

/** Takes a byte of memory for each byte of a write; with LEAK, forgets it where byte 33 is 255. */
const source = `
#include "vstate_harness.h"
#include <errno.h>
#include <stdlib.h>
static char device;
static void *open_device(void) { return &device; }
static int begin(void *at) { (void)at; return 0; }
static ssize_t put(void *at, const void *bytes, size_t size)
{
	char *copy = malloc(size + 1);
	const unsigned char *given = bytes;
	(void)at;
	if (copy == NULL)
		return -ENOMEM;
	copy[size] = 0;
	if (size > 33 && given[33] == 255) {
#ifdef LEAK
		return -EINVAL;
#endif
	}
	free(copy);
	return size > 33 && given[33] == 255 ? -EINVAL : (ssize_t)size;
}
static int end(void *at) { (void)at; return 0; }
static void close_device(void *at) { (void)at; }
static const struct vstate_target target = {
	.name = "leak", .open = open_device, .begin = begin, .write = put, .end = end,
	.close = close_device,
};
VSTATE_HARNESS(target)
`;

describe.skipIf(lacks('gcc'))('restore-leaks-memory', { timeout: 300_000 }, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-leak-test-'));
    writeFileSync(join(folder, 'leak.c'), source);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const leaksOf = async (name: string, flags: readonly string[]): Promise<readonly string[]> => {
    const files = [join(folder, 'leak.c'), join(root, 'native', 'vstate_harness.c')];
    const program = compile(files, join(folder, name), ['-I', join(root, 'native'), ...flags]);
    using out = temporary();
    await using target = await openTarget(`harness:${program}`, options());
    // It takes whatever comes, and finding out all that is wrong with that would take a minute.
    const { reports } = await runCampaign({
      path: out.path,
      target,
      executions: 2000,
      oracles: [leaksMemory],
    });
    return reports.flatMap(({ oracle, rows }) =>
      oracle === 'restore-leaks-memory' ? rows.map(({ path }) => path) : [],
    );
  };

  it('names the field that makes a restore path forget its memory', async () => {
    for (const flags of [['-DLEAK'], ['-DLEAK', '-fsanitize=address']]) {
      const found = await leaksOf(`leak${flags.length}`, flags);
      // The byte is in the FIFO, which is changed by itself or with the port around it.
      assert.ok(found.includes('port[0].fifo'), found.join(' '));
    }
  });

  it('says nothing of the same path without the mistake', async () => {
    for (const flags of [[], ['-fsanitize=address']]) {
      assert.deepEqual(await leaksOf(`clean${flags.length}`, flags), []);
    }
  });
});
