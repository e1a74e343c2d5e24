import { i40eVf } from '../../src/formats/i40e-vf.ts';
import { joined, noise, patched, written, type Streams } from './edit.ts';

const sound = written(i40eVf)(i40eVf.sample);
const region = joined(sound, new Uint8Array(4096 - 64), noise(65536));

export const i40eVfStreams: Streams = {
  'empty.bin': new Uint8Array(0),
  'control-block.bin': sound,
  'whole-region.bin': region,

  'state-running-and-resuming.bin': patched(sound, 0, 5),
  'state-with-high-bit.bin': patched(sound, 3, 0x80),
  'reserved-set.bin': patched(sound, 4, 1),
  'data-pending.bin': patched(sound, 8, 16),
  'data-offset-0.bin': patched(sound, 17, 0),
  'page-size-8192.bin': patched(sound, 41, 0x20),
  'start-page-largest.bin': patched(sound, 32, ...new Array<number>(8).fill(0xff)),
  'total-pages-past-bitmap.bin': patched(sound, 50, 0x10),
  'total-pages-largest.bin': patched(sound, 55, 0x80),
  'copied-more-than-asked.bin': patched(sound, 57, 0x81),
  'data-between-block-and-bitmap.bin': patched(region, 2048, 1),
  'cut-in-control-block.bin': sound.subarray(0, 50),
  'cut-in-bitmap.bin': region.subarray(0, 8192),
};
