import {
  descriptor,
  devid,
  ggtt,
  guc,
  mmio,
  revid,
  trailer,
  vram,
  words,
  xeParts,
  xeSave,
  type XeParts,
} from '../../src/formats/xe-sample.ts';
import { xe } from '../../src/formats/xe.ts';
import { joined, patched, written, type Streams } from './edit.ts';

const write = written(xe);
const save = (changed: XeParts = {}): Uint8Array => write(xeSave(changed));
const withMemory = (...pieces: Parameters<typeof vram>[]): Uint8Array =>
  save({ trailer: [...pieces.map((piece) => vram(...piece)), trailer()] });
const sound = save();

export const xeStreams: Streams = {
  'two-gts.bin': sound,
  'one-gt.bin': save({ guc1: [], mmio1: [] }),
  'local-memory.bin': withMemory([0n, 4096], [4096n, 512]),
  'key-unknown.bin': save({
    descriptor: [descriptor([devid(), revid(), { key: 0xf0ffn, value: new Uint8Array(4) }])],
  }),
  'device-unknown.bin': save({ descriptor: [descriptor([devid(0x1234n), revid()])] }),

  'gt-0-missing.bin': save({ guc0: [], ggtt: [], mmio0: [] }),

  'descriptor-missing.bin': save({ descriptor: [] }),
  'descriptor-last.bin': save({ descriptor: [], mmio1: [xeParts.mmio1, descriptor()] }),
  'descriptor-twice.bin': save({ mmio0: [xeParts.mmio0, descriptor([devid(0xe202n), revid()])] }),
  'descriptor-version-2.bin': patched(sound, 0, 2),
  'descriptor-of-gt-1.bin': patched(sound, 3, 1),
  'descriptor-without-revision.bin': save({ descriptor: [descriptor([devid()])] }),
  'descriptor-without-keys.bin': save({ descriptor: [descriptor([])] }),
  'descriptor-of-one-word.bin': save({
    descriptor: [descriptor([{ key: 0xf001n, len: 0n, value: new Uint8Array(0) }])],
  }),
  'device-key-twice.bin': save({ descriptor: [descriptor([devid(), revid(), devid()])] }),
  'key-length-0.bin': patched(sound, 0x20, 0),
  'key-length-2.bin': patched(sound, 0x18, 2),
  'key-length-largest.bin': patched(sound, 0x18, 0xff, 0xff),

  'trailer-missing.bin': save({ trailer: [] }),
  'trailer-version-2.bin': patched(sound, 0xf0, 2),
  'trailer-of-gt-1.bin': save({ trailer: [trailer({ gt_id: 1n })] }),
  'trailer-with-data.bin': save({ trailer: [trailer({ data: new Uint8Array(8) })] }),
  'trailer-with-offset.bin': save({ trailer: [trailer({ offset: 8n })] }),
  'trailer-alone.bin': write([trailer()]),
  'packet-behind-trailer.bin': save({ trailer: [trailer(), mmio()] }),
  'zeros-behind-trailer.bin': joined(sound, new Uint8Array(8)),

  'type-0.bin': patched(sound, 0x29, 0),
  'type-7.bin': patched(sound, 0x29, 7),
  'flags-set.bin': patched(sound, 0x2c, 1),
  'gt-9.bin': patched(sound, 0x7b, 9),
  'tile-2.bin': patched(sound, 0x7a, 2),
  'tile-changed.bin': patched(sound, 0xca, 1),
  'page-table-of-gt-1.bin': patched(sound, 0x53, 1),
  'offset-of-registers.bin': patched(sound, 0x80, 16),

  'registers-of-gt-1-missing.bin': save({ mmio1: [] }),
  'firmware-of-gt-0-missing.bin': save({ guc0: [] }),
  'page-table-missing.bin': save({ ggtt: [] }),
  'firmware-twice.bin': save({ guc0: [guc(), guc()] }),
  'registers-before-firmware.bin': save({ guc1: [mmio(1n)], mmio1: [guc(1n)] }),
  'registers-of-15-bytes.bin': save({ mmio0: [mmio(0n, { data: new Uint8Array(15) })] }),
  'registers-of-20-bytes.bin': save({ mmio0: [mmio(0n, { data: new Uint8Array(20) })] }),
  'firmware-empty.bin': save({ guc0: [guc(0n, { data: new Uint8Array(0) })] }),
  'firmware-of-15-bytes.bin': save({ guc0: [guc(0n, { data: new Uint8Array(15).fill(7) })] }),
  'page-table-of-12-bytes.bin': save({ ggtt: [ggtt(new Uint8Array(12))] }),
  'page-table-names-function.bin': save({ ggtt: [ggtt(words(0x1001n, 0x2005n))] }),

  'size-past-end.bin': patched(sound, 0xd8, 0x40),
  'size-asks-for-1-tib.bin': patched(sound, 0x3d, 1),
  'size-largest.bin': patched(sound, 0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  'memory-wraps.bin': withMemory([(1n << 64n) - 16n, 64]),
  'memory-overlaps.bin': withMemory([0n, 64], [32n, 64]),
  'memory-with-gap.bin': withMemory([0n, 64], [128n, 64]),
  'memory-empty.bin': withMemory([0n, 0]),

  'cut-in-first-header.bin': sound.subarray(0, 20),
  'cut-in-descriptor.bin': sound.subarray(0, 36),
  'cut-in-firmware.bin': sound.subarray(0, 0x48),
  'cut-between-packets.bin': sound.subarray(0, 0xa0),
};
