import { pds } from '../../src/formats/pds.ts';
import { joined, noise, written, type Streams } from './edit.ts';

const sound = written(pds)(pds.sample);

export const pdsStreams: Streams = {
  'sixteen-bytes.bin': sound,
  'largest.bin': noise(65536),
  'one-byte.bin': Uint8Array.of(0x50),
  'first-page-zero.bin': joined(new Uint8Array(4096), noise(4096)),
  'three-values.bin': Uint8Array.from({ length: 4096 }, (_, index) => index % 3),

  'one-byte-too-many.bin': joined(noise(65536), Uint8Array.of(1)),
  'all-zero.bin': new Uint8Array(4096),
  'all-ones.bin': new Uint8Array(4096).fill(0xff),
};
