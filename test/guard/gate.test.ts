import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { rules } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { parseManifest } from '../../src/corpus/manifest.ts';
import { formatById } from '../../src/formats/index.ts';
import { mlx5 } from '../../src/formats/mlx5.ts';
import { Gate, type GateOptions } from '../../src/guard/gate.ts';
import {
  changed,
  header,
  port,
  stream,
  vfio,
  endOfState,
} from '../../src/rules/container-examples.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { noise, written } from '../corpus/edit.ts';
import { sealedStreams } from '../corpus/sealed.ts';
import { trustOf } from '../corpus/trust-of.ts';

interface Passed {
  readonly out: Uint8Array;
  readonly gate: Gate;
  /** Bytes that were out after each push. */
  readonly after: readonly number[];
}

const through = async (
  bytes: Uint8Array,
  step: number,
  options: Partial<GateOptions> = {},
): Promise<Passed> => {
  const pieces: Uint8Array[] = [];
  const gate = new Gate({
    rules,
    examine: {},
    expect: {},
    trust: {},
    failOn: 'high',
    hold: 1 << 20,
    ...options,
    write: (out) => pieces.push(...out.map((piece) => Uint8Array.from(piece))),
  });
  const after: number[] = [];
  const block = new Uint8Array(step);
  for (let at = 0; at < bytes.length; at += step) {
    const piece = block.subarray(0, Math.min(step, bytes.length - at));
    piece.set(bytes.subarray(at, at + step));
    await gate.push(piece);
    after.push(gate.released);
  }
  await gate.end();
  return { out: Buffer.concat(pieces), gate, after };
};

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const records = written(mlx5)([
  { tag: 'FW_DATA', data: noise(3000, 5) },
  { tag: 'FW_DATA', data: noise(5000, 7) },
]);

const bareMlx5 = { container: 'device-state', format: mlx5 } as const;

describe('a gate', () => {
  it.each([1, 7, 100, 4096, 1 << 20])(
    'lets what is sound through unchanged, %i bytes at a time',
    async (step) => {
      for (const bytes of [mttyState, records, writeQemu(stream())]) {
        const { out, gate } = await through(bytes, step);
        assert.equal(gate.state, 'passed');
        assert.ok(same(out, bytes));
      }
    },
  );

  it('lets nothing of a state of fixed size out before all of it was judged', async () => {
    for (const step of [1, 16, 64]) {
      const { out, gate } = await through(patched(0x30, 0x2c), step);
      assert.equal(gate.state, 'stopped');
      assert.equal(out.length, 0);
    }
  });

  it('lets nothing of a bad record out, and ends inside the one before it', async () => {
    const bad = written(mlx5)([
      { tag: 'FW_DATA', data: noise(3000, 5) },
      { record_size: 70_000n, tag: 'FW_DATA', data: noise(5000, 7) },
    ]);
    const { out, gate } = await through(bad, 64, { examine: bareMlx5 });
    assert.equal(gate.state, 'stopped');
    assert.equal(out.length, 16 + 3000 - 1);
    assert.ok(same(out, bad.subarray(0, out.length)));
  });

  it('releases records while later ones are still to come', async () => {
    const { after } = await through(records, 100, { examine: bareMlx5 });
    assert.ok(after.some((count) => count === 16 + 3000 - 1));
  });

  it('lets the payload of a long record flow when its header has been judged', async () => {
    const long = written(mlx5)([
      { tag: 'FW_DATA', data: noise(2_500_000, 5) },
      { tag: 'FW_DATA', data: noise(90_000, 7) },
    ]);
    const options = { examine: bareMlx5, hold: 1 << 19 };
    const { out, gate, after } = await through(long, 10_000, options);
    assert.equal(gate.state, 'passed');
    assert.ok(same(out, long));
    // All but the last byte of what came is out while the first record is still open.
    assert.deepEqual(
      after.slice(2, 240),
      after.slice(2, 240).map((_, at) => (at + 3) * 10_000 - 1),
    );
    const { verdicts, devices } = gate.result('x');
    assert.equal(devices[0]?.units, 2);
    assert.ok(Object.values(verdicts).every((verdict) => verdict !== 'fail'));
  });

  it('stops at the header of a long record that a rule refuses, before its payload', async () => {
    const long = written(mlx5)([
      { tag: 'FW_DATA', data: noise(3000, 5) },
      { tag: 9n, data: noise(2_500_000, 5) },
    ]);
    const { out, gate } = await through(long, 10_000, { examine: bareMlx5, hold: 1 << 19 });
    assert.equal(gate.state, 'stopped');
    assert.ok(out.length < 3016, `${out.length}`);
  });

  it('says once, and at the end, that a long record has less than it claims', async () => {
    const long = written(mlx5)([
      { tag: 'FW_DATA', data: noise(3000, 5) },
      { record_size: 2_600_000n, tag: 'FW_DATA', data: noise(2_500_000, 5) },
    ]);
    const { out, gate } = await through(long, 10_000, { examine: bareMlx5, hold: 1 << 19 });
    assert.equal(gate.state, 'stopped');
    assert.equal(out.length, long.length - 1);
    const { findings } = gate.result('x');
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['length-exceeds-section'],
    );
  });

  it('finds in long records what a check finds, early or late', async () => {
    for (const record of [
      { tag: 9n },
      { flags: 2n, tag: 'FW_DATA' },
      { record_size: 2n ** 63n, tag: 'FW_DATA' },
    ]) {
      const long = written(mlx5)([{ ...record, data: noise(1_200_000, 5) }]);
      const checked = await check(memorySource('x', long), { format: mlx5 });
      const options = { examine: bareMlx5, failOn: undefined, hold: 1 << 23 };
      const { gate } = await through(long, 50_000, options);
      assert.deepEqual(
        gate.result('x').findings.map(({ rule }) => rule),
        checked.findings.map(({ rule }) => rule),
      );
    }
  });

  it('looks through opaque states only for rules that could stop it, and says so', async () => {
    const bytes = noise(100_000, 3);
    const examine = { container: 'device-state', format: formatById('opaque') } as const;
    for (const [analyse, verdict] of [
      [false, 'undecided'],
      [true, 'pass'],
    ] as const) {
      const { out, gate } = await through(bytes, 5000, { examine, analyse });
      assert.ok(same(out, bytes));
      const { verdicts, devices } = gate.result('x');
      assert.equal(verdicts['kernel-pointer-exposed'], verdict);
      assert.equal(devices[0]?.opaque !== undefined, analyse);
    }
  });

  it('never lets the end of a stream out that is not sound as a whole', async () => {
    const full = writeQemu(stream());
    for (const draft of [
      changed({ end: [] }),
      changed({ full: [] }),
      changed({ part: [vfio('part', [header, header, endOfState])] }),
      changed({ end: [vfio('end', [port, port, endOfState])] }),
    ]) {
      const bytes = writeQemu(draft.draft);
      const { out, gate } = await through(bytes, 50);
      assert.equal(gate.state, 'stopped');
      assert.ok(out.length < bytes.length - 1);
      assert.ok(same(out, bytes.subarray(0, out.length)));
      assert.ok(out.length < full.length);
    }
  });

  it('knows the end of a stream before that of its input', async () => {
    const bytes = writeQemu(stream({ vmdesc: [] }));
    const pieces: Uint8Array[] = [];
    const gate = new Gate({
      rules,
      examine: {},
      expect: {},
      trust: {},
      failOn: 'high',
      hold: 1 << 20,
      write: (out) => pieces.push(...out.map((piece) => Uint8Array.from(piece))),
    });
    await gate.push(bytes.subarray(0, bytes.length - 40));
    assert.equal(gate.atEnd, false);
    await gate.push(bytes.subarray(bytes.length - 40));
    assert.equal(gate.atEnd, true);
    await gate.end();
    assert.ok(same(Buffer.concat(pieces), bytes));
    await gate.push(Uint8Array.of(0, 0));
    assert.equal(gate.state, 'passed');
    await gate.push(Uint8Array.of(1));
    assert.equal(gate.state, 'stopped');
    assert.ok(same(Buffer.concat(pieces), bytes), 'nothing behind the end was let through');
  });

  it('lets an opaque state flow when it was said to be one, and only then', async () => {
    const bytes = noise(300_000, 3);
    const format = formatById('opaque');
    const named = await through(bytes, 8192, {
      examine: { format, container: 'device-state' },
    });
    assert.ok(same(named.out, bytes));
    assert.ok(named.after.every((count, at) => at < 10 || count >= at * 8192 - 1));
    const unnamed = await through(bytes, 8192);
    assert.equal(unnamed.gate.state, 'stopped');
    assert.equal(unnamed.out.length, 0);
  });

  it('stops when more waits than it may hold', async () => {
    const bytes = written(mlx5)([{ tag: 'FW_DATA', data: noise(50_000) }]);
    const { gate, out } = await through(bytes, 1000, { hold: 10_000, examine: bareMlx5 });
    assert.equal(gate.state, 'stopped');
    assert.match(gate.shut?.reason ?? '', /wait for their judgement/u);
    assert.equal(out.length, 0);
  });

  it('lets nothing through that it cannot read', async () => {
    const bytes = new Uint8Array(readFileSync(join(corpus, 'multifd', 'sound.main.bin')));
    const { gate } = await through(bytes, 4096);
    assert.equal(gate.state, 'stopped');
    assert.notEqual(gate.shut, undefined);
  });
});

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const folder = join(corpus, 'sealed');
const entries = parseManifest(readFileSync(join(folder, 'corpus.yaml'), 'utf8'), 'corpus.yaml');

describe('a gate before sealed states', () => {
  it.each(entries.map((entry) => [entry.file, entry] as const))(
    'says of %s what verify and a check say',
    async (file, entry) => {
      const bytes = sealedStreams[file] ?? new Uint8Array(0);
      const trust = trustOf(folder, entry) ?? {};
      if (trust.keys === undefined) return;
      const { out, gate } = await through(bytes, 200, { trust });
      assert.equal(gate.state, entry.expect === 'accept' ? 'passed' : 'stopped');
      const grave = gate
        .result(file)
        .findings.filter(({ severity }) => ['critical', 'high', 'medium'].includes(severity));
      assert.deepEqual([...new Set(grave.map(({ rule }) => rule))].sort(), [...entry.rules].sort());
      assert.ok(same(out, bytes.subarray(0, out.length)));
      if (gate.state === 'passed') assert.equal(out.length, bytes.length);
      else assert.ok(out.length < bytes.length);
    },
  );
});
