import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { formats } from '../../src/formats/index.ts';

const bench = join(import.meta.dirname, '..', '..', 'bench', 'run.mjs');

interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

interface Document {
  readonly version: number;
  readonly walks: readonly {
    readonly input: string;
    readonly source: string;
    readonly bytes: number;
    readonly cat: Spread;
    readonly check: Spread;
    readonly ratio: Spread;
    readonly peakMemory: number;
  }[];
  readonly starts: readonly { readonly name: string; readonly ratio: number }[];
  readonly fields: readonly { readonly format: string; readonly fieldsPerSecond: number }[];
}

// A script of the project, which the first Node of a build runs; the others have `VSTATE_SHORT`.
const skipped = process.platform === 'win32' || process.env.VSTATE_SHORT !== undefined;

describe.skipIf(skipped)('the benchmark', { timeout: 300_000 }, () => {
  // Times are for people to read: a machine that also builds something else says nothing by them.
  it('runs, finds its inputs sound, and prints one document', () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [bench, '--quick', '--size', '64MiB', '--rounds', '1'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const { version, walks, starts, fields } = JSON.parse(stdout) as Document;
    assert.equal(version, 1);
    assert.deepEqual(
      walks.map(({ input, source }) => `${input} ${source}`),
      [
        ...['qemu file', 'qemu pipe', 'mlx5 file', 'mlx5 pipe'],
        ...['mapped file', 'mapped pipe', 'multifd file'],
      ],
    );
    for (const { bytes, cat, check, ratio, peakMemory } of walks) {
      assert.ok(bytes > 60e6 && bytes < 150e6);
      for (const { min, median, max } of [cat, check, ratio]) {
        assert.ok(min > 0 && min <= median && median <= max);
      }
      assert.ok(peakMemory > 10e6 && peakMemory < 200e6);
    }
    assert.deepEqual(
      starts.map(({ name }) => name),
      ['empty', 'version', 'check'],
    );
    assert.deepEqual(
      fields.map(({ format }) => format),
      formats.map(({ id }) => id).filter((id) => id !== 'opaque'),
    );
    for (const { fieldsPerSecond } of fields) assert.ok(fieldsPerSecond > 0);
    assert.match(stderr, /check \/ cat/u);
  });

  it('measures the guard and the seals, on streams that they let through', () => {
    const script = join(import.meta.dirname, '..', '..', 'bench', 'guard.mjs');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [script, '--size', '64MiB', '--rounds', '1'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const { results } = JSON.parse(stdout) as {
      readonly results: readonly {
        readonly name: string;
        readonly ratio: Spread;
        readonly processorRatio: Spread;
        readonly peakMemory: number;
      }[];
    };
    assert.deepEqual(
      results.map(({ name }) => name),
      ['guard qemu', 'guard opaque', 'seal', 'open'],
    );
    for (const { ratio, processorRatio, peakMemory } of results) {
      assert.ok(ratio.median > 0 && processorRatio.median > 0);
      assert.ok(peakMemory > 10e6 && peakMemory < 200e6);
    }
  });
});
