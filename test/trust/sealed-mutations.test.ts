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

/** Enough to see each kind of change on each file; `VSTATE_SEALED=1000000` before a release. */
const MUTATIONS = Number(process.env.VSTATE_SEALED ?? 1500);

const trust = exampleTrust({ now: exampleNow, keys: [testTrusted('site'), testTrusted('audit')] });
/** Seals as a sealer makes them: no two have the id in common that ties frames to their header. */
const sealed = [
  { size: 700, signers: ['site'] },
  { size: 60, signers: ['site', 'audit'] },
  { size: 512, signers: ['audit'] },
].map(({ size, signers }, index) => {
  const seal = new Uint8Array(16).fill(index + 1);
  const header = exampleHeader({ frameSize: 256, threshold: 1, identity: {}, seal });
  return writeSealed(header, signers.map(testSigner), noise(size, index + 1));
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
    { timeout: 7_200_000 },
    async () => {
      const originals = await Promise.all(
        sealed.map(async (bytes) => ({ bytes, ...(await opening(bytes)) })),
      );
      assert.ok(originals.every(({ whole, out }) => whole && out.length > 0));
      const draw = generator(0x5ea1ed);
      let same = 0;
      let part = 0;
      for (let run = 0; run < MUTATIONS; run += 1) {
        const original = originals[draw(originals.length)]!;
        const other = originals[draw(originals.length)]!;
        let { bytes } = original;
        for (let left = 1 + draw(3); left > 0 && bytes.length > 0; left -= 1) {
          bytes = changed(bytes, other.bytes, draw);
        }
        const { out, whole } = await opening(bytes);
        const from = [original, other].find(
          (one) => Buffer.compare(one.out.subarray(0, out.length), out) === 0,
        );
        assert.ok(from !== undefined, `mutation ${run} gave bytes that were not sealed`);
        if (out.length > 0 && !whole) part += 1;
        if (!whole) continue;
        same += 1;
        const unchanged = originals.some((one) => Buffer.compare(one.bytes, bytes) === 0);
        assert.ok(unchanged, `mutation ${run} opens, and its file is none that was sealed`);
      }
      // Some change nothing, and some only what comes behind the first frames: both must have been met.
      assert.ok(part > 0 && same < MUTATIONS / 4, `${part} in part, ${same} whole`);
      if (process.env.VSTATE_SEALED !== undefined) {
        console.log(`${MUTATIONS} mutations: ${same} changed nothing, ${part} opened in part`);
      }
    },
  );
});
