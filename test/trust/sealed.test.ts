import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Sink } from '../../src/bytes/sink.ts';
import { memorySource, type Source } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { Sealer, writeSealed } from '../../src/container/sealed/write.ts';
import { parseManifest, type CorpusEntry } from '../../src/corpus/manifest.ts';
import { openSealed, sealedLook } from '../../src/guard/open.ts';
import {
  exampleHeader,
  exampleNow,
  exampleTrust,
  testSigner,
  testTrusted,
} from '../../src/rules/sealed-example.ts';
import { sealedRules } from '../../src/rules/sealed-rules.ts';
import type { Trust } from '../../src/rules/trust.ts';
import { sealedBlocks } from '../../src/trust/seal.ts';
import { sealedStreams } from '../corpus/sealed.ts';
import { noise } from '../corpus/edit.ts';
import { trustOf } from '../corpus/trust-of.ts';

const folder = join(import.meta.dirname, '..', '..', 'corpus', 'sealed');
const path = join(folder, 'corpus.yaml');
const entries = parseManifest(readFileSync(path, 'utf8'), path);

/** A sink that keeps what it is given. */
const kept = (): Sink & { readonly bytes: () => Uint8Array } => {
  const pieces: Uint8Array[] = [];
  return {
    write: (bytes) => {
      pieces.push(Uint8Array.from(bytes));
    },
    commit: () => undefined,
    close: () => undefined,
    bytes: () => Buffer.concat(pieces),
  };
};

/** The same bytes in blocks of these lengths, whose memory is used again as a file's is. */
const chopped = (bytes: Uint8Array, lengths: readonly number[]): Source => ({
  ...memorySource('chopped', bytes),
  readAt: undefined,
  *blocks() {
    const block = new Uint8Array(1 << 16);
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
      block.fill(0xee);
      block.set(bytes.subarray(at, at + length));
      yield block.subarray(0, length);
      at += length;
    }
  },
});

const opening = async (
  bytes: Uint8Array,
  trust: Trust,
  lengths: readonly number[] = [1 << 16],
): Promise<{ out: Uint8Array; whole: boolean; rules: readonly string[] }> => {
  const sink = kept();
  const { checked, whole } = await openSealed(chopped(bytes, lengths), sink, {
    trust,
    failOn: 'high',
  });
  return { out: sink.bytes(), whole, rules: checked.findings.map(({ rule }) => rule) };
};

const bytesOf = (file: string): Uint8Array => sealedStreams[file] ?? new Uint8Array(0);
/** What the vectors seal: a state of one frame, or one of three. */
const states = await Promise.all(
  [
    'sound-one-frame.bin',
    'sound-three-frames.bin',
    'sound-whole-frames-only.bin',
    'sound-with-the-header-of-another.bin',
  ].map(async (file) => (await opening(bytesOf(file), exampleTrust())).out),
);
const sealOnly = ({ rules }: CorpusEntry): readonly string[] =>
  rules.filter((rule) => rule.startsWith('sealed-'));

describe('the vectors of corpus/sealed', () => {
  it('are at least sixty with one wrong thing each', () => {
    const bad = entries.filter((entry) => sealOnly(entry).length === 1);
    assert.ok(bad.length >= 60, `${bad.length}`);
  });

  it.each(entries.map((entry) => [entry.file, entry] as const))(
    'verify and open say of %s what a check says',
    async (file, entry) => {
      const bytes = bytesOf(file);
      const trust = trustOf(folder, entry) ?? {};
      const verified = await check(memorySource(file, bytes), {
        container: 'sealed',
        rules: sealedRules,
        trust,
        look: sealedLook,
      });
      assert.deepEqual([...new Set(verified.findings.map(({ rule }) => rule))], sealOnly(entry));
      for (const lengths of [[1 << 16], [1], [7, 300, 1]]) {
        const { out, whole, rules } = await opening(bytes, trust, lengths);
        assert.deepEqual([...new Set(rules)], sealOnly(entry));
        const accepted = verified.findings.every(({ severity }) => severity !== 'high');
        assert.equal(whole, accepted);
        // The state that comes out is the one that was sealed, or begins like it and is shorter.
        if (whole) continue;
        assert.ok(
          states.some((state) => Buffer.compare(state.subarray(0, out.length), out) === 0),
          'what came out was not sealed',
        );
        assert.equal(out.length % 256, 0);
      }
    },
  );

  it('release nothing when the header or a signer is refused', async () => {
    for (const entry of entries) {
      const [rule] = sealOnly(entry);
      if (rule === undefined || /frame|trailing|truncated|undecided/u.test(rule)) continue;
      const { out } = await opening(bytesOf(entry.file), trustOf(folder, entry) ?? {});
      assert.equal(out.length, 0, entry.file);
    }
  });
});

describe('a seal', () => {
  const names = ['site', 'audit', 'third'];

  it('gives back what was sealed, however it is cut into blocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 256, max: 1100 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }),
        async (size, frameSize, signers, lengths) => {
          const state = noise(size, 77);
          const by = names.slice(0, signers).map(testSigner);
          const header = exampleHeader({ frameSize, threshold: 1, identity: {} });
          const whole = writeSealed(header, by, state);
          const pieces: Uint8Array[] = [];
          const source = chopped(state, lengths);
          for await (const block of sealedBlocks(
            source.blocks(),
            new Sealer(header, by),
            frameSize,
          )) {
            pieces.push(Uint8Array.from(block));
          }
          assert.ok(
            Buffer.compare(Buffer.concat(pieces), whole) === 0,
            'streamed and whole differ',
          );
          const opened = await opening(whole, exampleTrust(), lengths);
          assert.ok(opened.whole, opened.rules.join());
          assert.ok(Buffer.compare(opened.out, state) === 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never opens to other bytes, whatever a mutation does to it', async () => {
    const files = [
      'sound-three-frames.bin',
      'sound-two-signers.bin',
      'sound-whole-frames-only.bin',
    ];
    const originals = await Promise.all(
      files.map(async (file) => ({
        bytes: bytesOf(file),
        ...(await opening(bytesOf(file), trustOfAll)),
      })),
    );
    assert.ok(originals.every(({ whole }) => whole));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(originals.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        async (which, mutations) => {
          const original = originals[which]!;
          const bytes = mutations.reduce((before, apply) => apply(before), original.bytes);
          const { out, whole } = await opening(bytes, trustOfAll);
          assert.ok(
            Buffer.compare(original.out.subarray(0, out.length), out) === 0,
            'bytes came out that were not sealed',
          );
          if (whole) assert.equal(out.length, original.out.length);
          if (whole)
            assert.ok(Buffer.compare(bytes, original.bytes) === 0, 'a changed file opened');
        },
      ),
      { numRuns: 4000 },
    );
  });

  it('is told by content, one damaged byte in its magic included', async () => {
    const source = memorySource('x', bytesOf('magic-damaged.bin'));
    const { container } = await check(source);
    assert.equal(container, 'sealed');
  });

  it('names places in the sealed file for what is wrong inside', async () => {
    const bytes = bytesOf('sealed-state-is-damaged.bin');
    const { findings } = await check(memorySource('x', bytes), { trust: exampleTrust() });
    const [finding] = findings.filter(({ rule }) => rule === 'index-out-of-bounds');
    const offset = finding?.at[0]?.ranges[0]?.offset ?? 0;
    assert.equal(bytes[offset], 0x2c);
    assert.equal(offset, bytes.length - 64 - 60 + 0x30);
  });

  it('names places of a stream inside by their frames', async () => {
    const bytes = bytesOf('sound-qemu-stream.bin');
    const seen: number[] = [];
    await check(memorySource('x', bytes), {
      observer: {
        event: (event) => {
          if (event.kind === 'section') seen.push(event.offset);
        },
      },
    });
    assert.ok(seen.length > 5);
    // Each section begins with its type byte, 1 to 4, at the place that is told.
    assert.ok(seen.every((offset) => [1, 2, 3, 4].includes(bytes[offset] ?? 0)));
    assert.ok(seen.some((offset) => offset > 1000));
  });
});

const trustOfAll = exampleTrust({
  now: exampleNow,
  keys: [testTrusted('site'), testTrusted('audit')],
});

/** Ways to damage a file: a bit, a byte, a cut, a stretch moved, repeated or taken from elsewhere in it. */
const mutation = fc
  .tuple(fc.nat(5), fc.nat(), fc.nat(), fc.nat(400), fc.nat(255))
  .map(([how, a, b, size, value]) => (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === 0) return bytes;
    const [from, to] = [a % bytes.length, b % bytes.length];
    const copy = bytes.slice();
    switch (how) {
      case 0:
        copy[from] = (copy[from] ?? 0) ^ (1 << (value & 7));
        return copy;
      case 1:
        copy[from] = value;
        return copy;
      case 2:
        return bytes.slice(0, from);
      case 3:
        copy.copyWithin(to, from, from + size);
        return copy;
      case 4:
        return Buffer.concat([
          bytes.subarray(0, to),
          bytes.subarray(from, from + size),
          bytes.subarray(to),
        ]);
      default:
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]);
    }
  });
