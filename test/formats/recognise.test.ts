import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { telling } from '../../src/formats/format.ts';
import { formatById, formats } from '../../src/formats/index.ts';
import { hex, joined, noise } from '../corpus/edit.ts';
import { built } from '../corpus/index.ts';
import { recognised } from './judge.ts';

/** Formats whose states nothing tells, and streams that lost what would tell them. */
const untold = new Set(['opaque', 'pds', 'i40e-vf', 'libvfio-user-sample']);
const lost = new Set(['headerless-image.bin', 'head-missing.bin']);

const likenesses = (bytes: Uint8Array, size: number | undefined): readonly string[] =>
  formats.flatMap((format) => {
    const likeness = format.recognise(bytes.subarray(0, telling), size);
    return likeness === undefined ? [] : [`${format.id} ${likeness}`];
  });

/** First bytes of files that are no device state, and of states that no format here describes. */
const strangers: readonly (readonly [string, Uint8Array])[] = [
  ['zeros', new Uint8Array(4096)],
  ['ones', new Uint8Array(4096).fill(0xff)],
  ['text', new TextEncoder().encode('a log file, and no device state\n'.repeat(20))],
  [
    'an ELF file',
    joined(hex('7f454c4602010100000000000000000003003e00010000001000000000000000'), noise(600)),
  ],
  ['a gzip file', joined(hex('1f8b08000000000000ff'), noise(600))],
  ['a QEMU stream', joined(hex('5145564d0000000307000000107063'), noise(600))],
  ['a PNG file', joined(hex('89504e470d0a1a0a0000000d49484452'), noise(600))],
  ['a PCI config space', joined(hex('86808710060410000002000200000000'), new Uint8Array(240))],
  [
    'a table of small numbers',
    joined(...Array.from({ length: 64 }, () => hex('0200000000000000'))),
  ],
  ['zeros behind a small number', joined(hex('05'), new Uint8Array(1000))],
];

/** Folders whose streams are states of the format of that name. */
const folders = Object.keys(built).filter(
  (folder) => !untold.has(folder) && formatById(folder) !== undefined,
);

describe('recognition', () => {
  it.each(strangers)('takes %s for no format', (_, bytes) => {
    assert.deepEqual(likenesses(bytes, bytes.length), []);
    assert.deepEqual(likenesses(bytes, undefined), []);
  });

  it('takes random bytes for no format', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 600, size: 'max' }), (bytes) => {
        // A stretch of zeros or a magic can come up by chance; bytes that vary are what is meant.
        fc.pre(new Set(bytes.subarray(0, 16)).size > 10);
        assert.deepEqual(likenesses(bytes, bytes.length), []);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(folders)('knows the states of %s whole, cut and damaged', (folder) => {
    for (const [file, bytes] of Object.entries(built[folder] ?? {})) {
      if (lost.has(file)) continue;
      assert.equal(recognised(bytes)?.id, folder, file);
    }
  });

  it('needs no size of what comes through a pipe', () => {
    for (const [folder, streams] of Object.entries(built)) {
      for (const [file, bytes] of Object.entries(streams)) {
        if (!folders.includes(folder) || lost.has(file)) continue;
        const sized = likenesses(bytes, bytes.length).map((likeness) => likeness.split(' ')[0]);
        const piped = likenesses(bytes, undefined).map((likeness) => likeness.split(' ')[0]);
        assert.ok(
          piped.every((id) => sized.includes(id) || id === folder),
          `${folder}/${file}`,
        );
      }
    }
  });
});
