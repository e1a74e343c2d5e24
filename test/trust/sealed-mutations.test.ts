import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { writeSealed } from '../../src/container/sealed/write.ts';
import { openSealed } from '../../src/guard/open.ts';
import {
  exampleHeader,
  exampleNow,
  exampleTrust,
  testSigner,
  testTrusted,
} from '../../src/rules/sealed-example.ts';
import { noise } from '../corpus/edit.ts';

/** Enough to see each kind of change on each file; docs/sealed-format.md has the run of a million. */
const MUTATIONS = Number(process.env.VSTATE_SEALED ?? 1500);
const SEED = Number(process.env.VSTATE_SEALED_SEED ?? 0x5ea1ed);

const trust = exampleTrust({ now: exampleNow, keys: [testTrusted('site'), testTrusted('audit')] });
const FRAME_SIZE = 256;
/**
 * The first three are what a sealer makes. The last two have the header of the first, as of a sealer
 * whose random bytes came twice: one with other bytes in all frames, one with other bytes in its last.
 */
const sealed = [
  { signers: ['site'], id: 1, state: noise(700, 1) },
  { signers: ['site', 'audit'], id: 2, state: noise(60, 2) },
  { signers: ['audit'], id: 3, state: noise(512, 3) },
  { signers: ['site'], id: 1, state: noise(700, 4) },
  { signers: ['site'], id: 1, state: noise(700, 1).slice(0, 600) },
].map(({ signers, id, state }) => {
  const seal = new Uint8Array(16).fill(id);
  const header = exampleHeader({ frameSize: FRAME_SIZE, threshold: 1, identity: {}, seal });
  return { bytes: writeSealed(header, signers.map(testSigner), state), signers: signers.length };
});

const opening = async (bytes: Uint8Array): Promise<{ out: Uint8Array; whole: boolean }> => {
  const pieces: Uint8Array[] = [];
  const sink = {
    write: (piece: Uint8Array) => {
      pieces.push(Uint8Array.from(piece));
    },
    commit: () => undefined,
    close: () => undefined,
  };
  const { whole } = await openSealed(memorySource('x', bytes), sink, { trust, failOn: 'high' });
  return { out: Buffer.concat(pieces), whole };
};

/** The same numbers in every run with the same seed (xorshift32). */
const generator = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

/** Where the parts of a seal begin: the header, then each frame. */
const partsOf = (bytes: Uint8Array, signers: number): readonly Uint8Array[] => {
  const first = 64 + signers * 32 + signers * 64;
  const whole = 32 + FRAME_SIZE + signers * 64;
  const parts = [bytes.subarray(0, first)];
  for (let at = first; at < bytes.length; at += whole) parts.push(bytes.subarray(at, at + whole));
  return parts;
};

/** Parts of both seals, each whole, in the order of the one with another's in some places. */
const spliced = (
  parts: readonly Uint8Array[],
  others: readonly Uint8Array[],
  draw: (below: number) => number,
): Uint8Array =>
  Buffer.concat(
    Array.from({ length: draw(2) === 0 ? parts.length : others.length }, (_, place) => {
      const from = draw(2) === 0 ? parts : others;
      return from[draw(8) === 0 ? draw(from.length) : place] ?? new Uint8Array(0);
    }),
  );

/** One change: bits, bytes, words, cuts, and stretches that are moved, repeated, taken out or spliced in. */
const changed = (
  bytes: Uint8Array,
  other: Uint8Array,
  draw: (below: number) => number,
): Uint8Array => {
  const [from, to] = [draw(bytes.length), draw(bytes.length)];
  const size = 1 + draw(400);
  const copy = Uint8Array.from(bytes);
  switch (draw(9)) {
    case 0:
      copy[from] = (copy[from] ?? 0) ^ (1 << draw(8));
      return copy;
    case 1:
      copy[from] = draw(256);
      return copy;
    case 2:
      return bytes.slice(0, from);
    case 3:
      return copy.copyWithin(to, from, from + size);
    case 4:
      return Buffer.concat([
        bytes.subarray(0, to),
        bytes.subarray(from, from + size),
        bytes.subarray(to),
      ]);
    case 5:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]);
    case 6:
      return Buffer.concat([bytes, other.subarray(0, size)]);
    case 7:
      copy.set(other.subarray(from, from + Math.min(size, bytes.length - from)), from);
      return copy;
    default:
      return copy.fill([0, 0xff, 0x7f, 0x80][draw(4)] ?? 0, from, from + 1 + draw(8));
  }
};

describe('a sealed state', () => {
  // What does not open costs a verification or two; a million take minutes.
  it(
    `never opens to other bytes, after ${MUTATIONS} mutations`,
    { timeout: 14_400_000 },
    async () => {
      const originals = await Promise.all(
        sealed.map(async ({ bytes, signers }) => ({
          bytes,
          parts: partsOf(bytes, signers),
          ...(await opening(bytes)),
        })),
      );
      assert.ok(originals.every(({ whole, out }) => whole && out.length > 0));
      assert.ok(
        originals.every(({ bytes, parts }) => Buffer.compare(Buffer.concat(parts), bytes) === 0),
      );
      const draw = generator(SEED);
      let same = 0;
      let part = 0;
      for (let run = 0; run < MUTATIONS; run += 1) {
        const original = originals[draw(originals.length)]!;
        const other = originals[draw(originals.length)]!;
        let { bytes } = original;
        if (draw(4) === 0) {
          bytes = spliced(original.parts, other.parts, draw);
        } else {
          for (let left = 1 + draw(3); left > 0 && bytes.length > 0; left -= 1) {
            bytes = changed(bytes, other.bytes, draw);
          }
        }
        const { out, whole } = await opening(bytes);
        const from = [original, other].find(
          (one) => Buffer.compare(one.out.subarray(0, out.length), out) === 0,
        );
        assert.ok(from !== undefined, `mutation ${run} of ${SEED} gave bytes that were not sealed`);
        if (out.length > 0 && !whole) part += 1;
        if (whole) {
          same += 1;
          const unchanged = originals.some((one) => Buffer.compare(one.bytes, bytes) === 0);
          assert.ok(unchanged, `mutation ${run} of ${SEED} opens, and was sealed by nobody`);
        }
        // Who runs the tests must hear from this one.
        if (run % 1000 === 0) await new Promise(setImmediate);
      }
      // Some change nothing, and some only what comes behind the first frames: both must have been met.
      assert.ok(part > 0 && same < MUTATIONS / 4, `${part} in part, ${same} whole`);
      if (process.env.VSTATE_SEALED !== undefined) {
        console.log(
          `seed ${SEED}, ${MUTATIONS} mutations: ${same} changed nothing, ${part} opened in part`,
        );
      }
    },
  );
});
