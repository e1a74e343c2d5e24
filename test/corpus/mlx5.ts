import { mlx5 } from '../../src/formats/mlx5.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { hex, joined, noise, patched, written, type Streams } from './edit.ts';

type Fields = Readonly<Record<string, Draft>>;

const write = written(mlx5);

const firmware = hex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');
const image = (changed: Fields = {}): Fields => ({ tag: 'FW_DATA', data: firmware, ...changed });

const sizeRecord = (value: Draft = { stop_copy_size: 0x1000n }, changed: Fields = {}): Fields => ({
  flags: 1n,
  tag: 'STOP_COPY_SIZE',
  data: value,
  ...changed,
});

const unknown = (changed: Fields = {}): Fields => ({
  flags: 1n,
  tag: 0x40n,
  data: new TextEncoder().encode('skip'),
  ...changed,
});

const stream = (...records: readonly Draft[]): Uint8Array => write(records);
const sound = stream(sizeRecord(), image());
const headerOnly = (record: Fields): Fields => ({ ...record, data: new Uint8Array(0) });

export const mlx5Streams: Streams = {
  'one-image.bin': stream(image()),
  'size-record-and-image.bin': sound,
  'optional-record.bin': stream(sizeRecord(), unknown(), image()),
  'incremental-images.bin': stream(
    sizeRecord(),
    image({ data: noise(600) }),
    image({ data: noise(40, 7) }),
    image({ data: noise(9, 11) }),
  ),
  'image-marked-optional.bin': stream(sizeRecord(), image({ flags: 1n })),
  'size-record-marked-mandatory.bin': stream(sizeRecord(undefined, { flags: 0n }), image()),
  'size-far-above-image.bin': stream(sizeRecord({ stop_copy_size: 0x7fff_ffffn }), image()),

  'headerless-image.bin': noise(512),
  'image-missing.bin': stream(sizeRecord()),
  'image-empty.bin': stream(sizeRecord(), image({ data: new Uint8Array(0) }), image()),
  'record-size-past-end.bin': stream(sizeRecord(), image({ record_size: 17n })),
  'record-size-one-less.bin': stream(sizeRecord(), image({ record_size: 15n })),
  'record-size-past-32-bits.bin': stream(sizeRecord(), image({ record_size: 1n << 32n })),
  'record-size-largest.bin': stream(sizeRecord(), image({ record_size: 0xffff_ffff_ffff_ffffn })),
  'optional-record-asks-for-4-gib.bin': stream(headerOnly(unknown({ record_size: 0xffff_ffffn }))),
  'optional-record-with-sign-bit.bin': stream(
    sizeRecord(),
    headerOnly(unknown({ record_size: 1n << 63n })),
  ),
  'optional-record-too-large.bin': stream(
    sizeRecord(),
    unknown({ data: new Uint8Array((1 << 16) + 1) }),
    image(),
  ),

  'cut-in-first-header.bin': sound.subarray(0, 14),
  'cut-in-size.bin': sound.subarray(0, 20),
  'cut-in-header.bin': sound.subarray(0, 30),
  'cut-behind-header.bin': sound.subarray(0, 40),
  'cut-in-image.bin': sound.subarray(0, 52),
  'three-bytes-more.bin': joined(sound, Uint8Array.of(0, 0, 0)),

  'tag-unknown-mandatory.bin': stream(sizeRecord(), unknown({ flags: 0n }), image()),
  'tag-of-image-damaged.bin': stream(sizeRecord(), image({ tag: 2n })),
  'flags-undefined-on-image.bin': stream(sizeRecord(), image({ flags: 2n })),
  'flags-all-but-optional.bin': stream(sizeRecord(), unknown({ flags: 0xffff_fffen }), image()),

  'size-record-four-bytes.bin': stream(sizeRecord(hex('ffffff7f')), image()),
  'size-record-empty.bin': stream(sizeRecord(new Uint8Array(0)), image()),
  'size-record-sixteen-bytes.bin': stream(sizeRecord(new Uint8Array(16)), image()),
  'size-record-asks-for-everything.bin': stream(
    sizeRecord({ stop_copy_size: 0xffff_ffff_ffff_ffffn }),
    image(),
  ),
  'size-record-twice.bin': stream(sizeRecord(), sizeRecord(), image()),
  'size-record-behind-image.bin': stream(image(), sizeRecord()),
  'size-record-damaged.bin': patched(sound, 4, 1),
};
