import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { best, short, show, timeOf, type Measured } from './measured.ts';
import { header, mlx5Size, record, start, tag, times, u64, vmdesc } from './streams.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const good = join(corpus, 'mtty', 'mtty1-fresh.bin');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-small-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Bytes without a pattern, the same in every run: xorshift of Marsaglia, 2003. */
const noise = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  let word = 0x9e3779b9;
  for (let at = 0; at < size; at += 1) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    bytes[at] = word;
  }
  return bytes;
};

const sizes = [12, 16, 64, 512, 4096, 65_536];
const vfio = (body: Uint8Array): Buffer =>
  Buffer.concat([header, start(7, '0000:00:04.0/vfio', body)]);

/** By name, each of at most 64 KiB. */
const inputs: readonly (readonly [string, Uint8Array])[] = [
  ...sizes.map((size) => [`random ${size}`, noise(size)] as const),
  ...sizes.map((size) => [`zeros ${size}`, Buffer.alloc(size)] as const),
  ...sizes.map((size) => [`QEVM ${size}`, Buffer.concat([header, noise(size)])] as const),
  ['tags', vfio(times(8000, tag(4)))],
  ['lengths', vfio(times(2700, Buffer.concat([tag(4), u64(2n ** 63n), Buffer.of(1)])))],
  ['records', Buffer.concat([mlx5Size, times(4000, record(0n, 0, 0))])],
  ['claims', Buffer.concat([mlx5Size, record(0xffff_ffffn, 1, 0x40)])],
  ['deep', Buffer.concat([header, vmdesc('{"a":'.repeat(12_000))])],
];

describe.skipIf(process.platform === 'win32')('a hostile input of at most 64 KiB', () => {
  it('takes little more time and memory than a sound one', { timeout: 300_000 }, async () => {
    const sound = await best(['--json', good], 3, () => false);
    show('sound', sound);
    // The budget is 100 ms and 100 MB. Five times the one is no noise of a machine that does nothing
    // else, and a machine that does gets some more tries.
    const quick = (ran: Measured): boolean => timeOf(ran) - timeOf(sound) < 500;
    for (const [name, bytes] of inputs) {
      const file = join(folder, 'input');
      writeFileSync(file, bytes);
      const ran = await best(['--json', file], 5, quick);
      show(name, ran);
      assert.equal(ran.stderr, '');
      assert.equal(ran.status, name === 'deep' ? 0 : 1, `${name}: exit code`);
      assert.ok(quick(ran), `${name}: ${ran.milliseconds} ms`);
      assert.ok((ran.peak ?? Infinity) - (sound.peak ?? 0) < 100e6, `${name}: ${ran.peak} bytes`);
    }
  });
});

describe('the library', () => {
  const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' })
    .map((name) => join(corpus, name))
    .filter((file) => file.endsWith('.bin') && statSync(file).size <= 320);

  it('throws at no cut of any small corpus entry', { timeout: 300_000 }, async () => {
    assert.ok(files.length > 0);
    for (const file of files) {
      const bytes = readFileSync(file);
      // Every cut in the long run; in the short one, a step that meets every place of a word.
      for (let length = 0; length < bytes.length; length += short ? 7 : 1) {
        const { bytes: seen } = await check(memorySource(file, bytes.subarray(0, length)));
        assert.equal(seen, length, file);
      }
    }
  });

  it('finds the same in a corpus entry, however its bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        async (file, steps) => {
          const bytes = new Uint8Array(readFileSync(file));
          const whole = await check(memorySource(file, bytes));
          const source = memorySource(file, bytes);
          const cut = await check({ ...source, blocks: () => pieces(bytes, steps) });
          assert.deepEqual(cut, whole);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** The bytes in steps, in one Buffer that is overwritten each time, as a reader of a pipe hands them. */
function* pieces(bytes: Uint8Array, steps: readonly number[]): Generator<Uint8Array> {
  const block = Buffer.alloc(200);
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const step = Math.min(steps[index % steps.length] ?? 1, bytes.length - at);
    block.fill(0xee);
    block.set(bytes.subarray(at, at + step));
    yield block.subarray(0, step);
    at += step;
  }
}
