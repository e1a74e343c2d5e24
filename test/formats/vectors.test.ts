import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { describe, it } from 'vitest';

import { formatById } from '../../src/formats/index.ts';
import { built } from '../corpus/index.ts';
import { hex, joined, patched } from '../corpus/edit.ts';
import { judge, ruleIds } from './judge.ts';

const stream = (folder: string, file: string): Uint8Array => {
  const bytes = built[folder]?.[file];
  assert.ok(bytes, `${folder}/${file}`);
  return bytes;
};

/** Streams that were fed to the drivers' own restore code, and the digests of what was fed. */
const digests: readonly (readonly [folder: string, file: string, sha256: string])[] = [
  ['mtty', 'one-port.bin', 'ceef572f53d1aa2af3df5d09ddb8615ff1323ed97f21e1c2414288fb2da9991b'],
  ['mtty', 'two-ports.bin', '2ae55092799db400d1833f5328987f1adbaee51bf3a7a4f5d234db86df582cff'],
  ['mlx5', 'one-image.bin', '46d469233f801a4880279935e63fb492a844a51b054e781e26bd2a1483a82ad9'],
  [
    'mlx5',
    'optional-record.bin',
    'f8e45dfc3846d9c3297bda5dd7350c1a4f8f58b7abffd678229280ece45c61e3',
  ],
  [
    'hisi-acc',
    'match-part-of-ready-function.bin',
    'dad5ea580b73ccde578d3a0c90c9bb42c28753902bde4f2ab15bef4530383a9f',
  ],
  [
    'hisi-acc',
    'second-magic.bin',
    '1f53a7d6e56b19bd68b8ab8144e631b79802942f78a9ded7b46954e24f0f0acd',
  ],
  [
    'hisi-acc',
    'first-magic.bin',
    '88a9ad964e824f5310f5f14e6ac31dbbbc5eaacc5d36463d008464362ee9c36a',
  ],
  ['virtio', 'one-context.bin', 'a2e4ba12e0dd647cbd607c1b2628d31ea0a7e3993c6745c5a8205851c3daeab7'],
  [
    'virtio',
    'optional-record-first.bin',
    'ed56c1fc16b508802204e0cc1dd9b6234aaac284591012ce33ee62b42b10659e',
  ],
  ['qat', 'setup-alone.bin', '7cf75cc25bd23188af7177747dc0b3bf83ab4ed0739ec314753b35103052eb82'],
  ['qat', 'image.bin', '602ef78d452c67f5a6216b2a6d57c9ebbca3179ce0d933edb286eac3c465706e'],
];

describe('streams that real restore code was fed', () => {
  it.each(digests)('%s/%s is what was fed', (folder, file, sha256) => {
    assert.equal(createHash('sha256').update(stream(folder, file)).digest('hex'), sha256);
  });
});

const mtty = stream('mtty', 'one-port.bin');
const mlx5 = stream('mlx5', 'optional-record.bin');
const hisi = stream('hisi-acc', 'second-magic.bin');
const virtio = stream('virtio', 'optional-record-first.bin');
const context = stream('virtio', 'one-context.bin');
const qat = stream('qat', 'image.bin');

/** One edit of a good stream, and what the driver did with it; every one of them must be refused. */
const refused: readonly (readonly [
  format: string,
  what: string,
  bytes: Uint8Array,
  rules: readonly string[],
])[] = [
  [
    'mtty',
    'a damaged magic, which a feeder that goes on gets loaded',
    patched(mtty, 0, 0x4f),
    ['magic-mismatch'],
  ],
  ['mtty', 'the first 50 bytes', mtty.subarray(0, 50), ['field-truncated']],
  ['mtty', 'a byte too many', joined(mtty, hex('00')), ['trailing-bytes']],
  [
    'mtty',
    'head 255, which the driver loads',
    patched(mtty, 0x30, 0xff),
    ['index-out-of-bounds', 'mtty-fifo-count-mismatch'],
  ],
  [
    'mlx5',
    'an unknown record that is not optional',
    patched(mlx5, 0x20, 0),
    ['mlx5-tag-unknown-mandatory'],
  ],
  [
    'mlx5',
    'a record of 2^32 bytes',
    hex('00000000010000000000000000000000'),
    ['length-exceeds-section', 'value-out-of-range'],
  ],
  ['mlx5', 'a cut image', mlx5.subarray(0, 72), ['length-exceeds-section']],
  [
    'mlx5',
    'an image of no bytes behind the size record',
    joined(mlx5.subarray(0, 24), new Uint8Array(16), mlx5.subarray(24)),
    ['mlx5-image-empty'],
  ],
  [
    'mlx5',
    'a size record of four bytes',
    joined(hex('04000000000000000100000001000000ffffff7f'), mlx5.subarray(24)),
    ['field-truncated'],
  ],
  [
    'mlx5',
    'a header that asks for 4 GiB',
    hex('ffffffff000000000100000040000000'),
    ['length-exceeds-section', 'mlx5-image-missing', 'mlx5-optional-record-too-large'],
  ],
  ['hisi-acc', 'major version 2', patched(hisi, 0x1c, 2), ['version-unsupported']],
  [
    'virtio',
    'an unknown record that is not optional',
    patched(virtio, 8, 0),
    ['virtio-tag-unknown-mandatory'],
  ],
  [
    'virtio',
    'features that are not optional',
    patched(context, 0x12, 0),
    ['virtio-device-features-mandatory'],
  ],
  [
    'virtio',
    'a record whose size and header exceed 32 bits',
    patched(context, 0, 0xfc, 0xff, 0xff, 0xff),
    ['length-exceeds-section', 'virtio-record-too-large'],
  ],
  [
    'virtio',
    'a context of no bytes behind a context',
    joined(context, new Uint8Array(16), context.subarray(0, 1)),
    ['field-truncated', 'virtio-record-empty'],
  ],
  ['qat', 'version 2', patched(qat, 4, 2), ['version-unsupported']],
  ['qat', 'a damaged magic', patched(qat, 0, 0), ['magic-mismatch']],
  [
    'qat',
    'a size that wraps',
    patched(qat, 0x0c, 0xff, 0xff, 0xff, 0xff),
    ['length-exceeds-section', 'trailing-bytes'],
  ],
  ['qat', 'a preamble of no bytes', patched(qat, 8, 0), ['value-undefined']],
  ['qat', 'a preamble longer than its blob', patched(qat, 8, 91), ['value-undefined']],
  ['qat', 'no second magic', patched(qat, 0x5a, 0, 0, 0, 0), ['magic-mismatch']],
  ['qat', 'a second size of 5', patched(qat, 0x66, 5, 0, 0, 0), ['field-truncated']],
  ['qat', '60000 sections', patched(qat, 0x64, 0x60, 0xea), ['length-exceeds-section']],
  [
    'qat',
    'the setup blob alone',
    qat.subarray(0, 90),
    ['field-truncated', 'qat-image-length-wrong'],
  ],
  [
    'qat',
    'an empty bank at the end of the image',
    stream('qat', 'bank-empty-at-end-of-image.bin'),
    ['field-truncated'],
  ],
];

describe('edits that a checker must refuse', () => {
  it.each(refused)('%s: %s', (id, _, bytes, rules) => {
    const format = formatById(id);
    assert.ok(format);
    assert.deepEqual(ruleIds(judge(format, bytes)), rules);
    assert.notDeepEqual(ruleIds(judge(format, bytes), 'high'), []);
  });
});

/** Edits that are judged against the destination alone, or that the driver takes with good reason. */
const passed: readonly (readonly [format: string, what: string, bytes: Uint8Array])[] = [
  ['hisi-acc', 'another accelerator', patched(hisi, 0x0c, 0x51, 0xa2)],
  ['hisi-acc', 'the first magic with shifted addresses', stream('hisi-acc', 'first-magic.bin')],
  ['qat', 'a capability more', patched(qat, 0x33, 0x80)],
  ['qat', 'version 0', patched(qat, 4, 0)],
];

describe('edits that are sound in themselves', () => {
  it.each(passed)('%s: %s', (id, _, bytes) => {
    const format = formatById(id);
    assert.ok(format);
    assert.deepEqual(ruleIds(judge(format, bytes), 'high'), []);
  });
});
