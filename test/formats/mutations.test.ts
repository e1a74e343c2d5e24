import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { describe, it } from 'vitest';

import { formats } from '../../src/formats/index.ts';
import { decode } from '../../src/layout/decode.ts';
import { encode } from '../../src/layout/encode.ts';
import { assertTiles } from '../layout/support.ts';
import { judgeUnits } from './judge.ts';

const corpus = path.join(import.meta.dirname, '..', '..', 'corpus');

/** Longest input whose every cut is tried; of larger ones the head and evenly spaced cuts are. */
const EVERY_CUT = 512;
const SPACED_CUTS = 100;
const HEADER = 64;
const LARGE = 1 << 14;
/** Another Node decodes as this one does: `VSTATE_SHORT` tries a part of everything. */
const short = process.env.VSTATE_SHORT !== undefined;
/** Enough for each state to be hit in most places; `VSTATE_MUTATIONS=10000` before a release. */
const MUTATIONS = Number(process.env.VSTATE_MUTATIONS ?? (short ? 20 : 200));
/** Every cut and every bit, or every seventh, which is another bit in each byte. */
const STRIDE = short ? 7 : 1;

/** The same numbers in every run with the same seed (xorshift32). */
const generator = (seed: number): ((below: number) => number) => {
  let state = seed === 0 ? 1 : seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

/** A machine that does other things besides takes its time. */
const slow = { timeout: 600_000 };

const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** One to four edits: a byte, a run of one byte, a copy from elsewhere, an insertion, a cut. */
const mutated = (bytes: Uint8Array, random: (below: number) => number): Uint8Array => {
  let out = Buffer.from(bytes);
  for (let edit = random(4); edit >= 0 && out.length > 0; edit -= 1) {
    const at = random(Math.min(out.length, random(2) === 0 ? HEADER : out.length));
    const size = 1 + random(Math.min(16, out.length - at));
    const value = random(2) === 0 ? random(256) : (edges[random(edges.length)] ?? 0);
    switch (random(6)) {
      case 0:
      case 1:
        out[at] = value;
        break;
      case 2:
        out.fill(value, at, at + size);
        break;
      case 3:
        out.copy(out, at, random(out.length), random(out.length) + size);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), Buffer.alloc(size, value), out.subarray(at)]);
        break;
      default:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + size)]);
    }
  }
  return new Uint8Array(out);
};

describe.each(formats.map((format) => [format.id, format] as const))('%s', (id, format) => {
  const folder = path.join(corpus, id);
  const streams = readdirSync(folder)
    .filter((file) => file.endsWith('.bin'))
    .map((file) => [file, new Uint8Array(readFileSync(path.join(folder, file)))] as const)
    // Large states differ in a field or two, and mutations of one are those of the next.
    .filter(([, bytes], index) => bytes.length <= LARGE || index % 12 === 0);

  const survives = (bytes: Uint8Array, what: string): void => {
    try {
      const units = decode(format.layout, bytes);
      assertTiles(units, bytes.length);
      judgeUnits(format, units);
    } catch (error) {
      throw new Error(`${what}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    }
  };

  it('survives every cut', slow, () => {
    for (const [file, bytes] of streams) {
      const step = bytes.length <= EVERY_CUT ? 1 : Math.ceil(bytes.length / SPACED_CUTS);
      for (let cut = 0; cut <= bytes.length; cut += STRIDE * (cut < HEADER ? 1 : step)) {
        survives(bytes.subarray(0, cut), `${file} cut at ${cut}`);
      }
    }
  });

  it('survives every flipped bit of a header', slow, () => {
    for (const [file, bytes] of streams) {
      // Flips in a large state that turn it into thousands of small parts are alike and slow.
      const step = STRIDE * (bytes.length > 1 << 14 ? 7 : 1);
      const header = bytes.length > EVERY_CUT ? HEADER / 2 : HEADER;
      for (let bit = 0; bit < 8 * Math.min(header, bytes.length); bit += step) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        survives(flipped, `${file} with bit ${bit} flipped`);
      }
    }
  });

  it('survives random mutations, and loses no byte of them', slow, () => {
    const random = generator(Number(process.env.VSTATE_SEED));
    for (const [file, bytes] of streams) {
      const count = bytes.length > 1 << 14 ? MUTATIONS / 10 : MUTATIONS;
      for (let turn = 0; turn < count; turn += 1) {
        const input = mutated(bytes, random);
        survives(input, file);
        if (turn % 16 === 0) {
          assert.ok(Buffer.compare(encode(decode(format.layout, input)), input) === 0, file);
        }
      }
    }
  });
});
