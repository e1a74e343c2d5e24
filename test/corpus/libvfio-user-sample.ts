import { libvfioUserSample } from '../../src/formats/libvfio-user-sample.ts';
import { joined, written, type Streams } from './edit.ts';

const memory = (pages: number): Uint8Array =>
  joined(
    ...Array.from({ length: pages }, (_, page) => new Uint8Array(4096).fill(0x40 + (page % 3))),
  );
const time = Uint8Array.of(0, 0xf1, 0x53, 0x65, 0, 0, 0, 0);
const sound = written(libvfioUserSample)(libvfioUserSample.sample);

export const libvfioUserSampleStreams: Streams = {
  'three-pages.bin': sound,
  'four-pages.bin': joined(memory(4), time),
  'with-precopy.bin': joined(memory(6), time),

  'short-by-4-bytes.bin': sound.subarray(0, 12292),
  'two-bytes-more.bin': joined(sound, Uint8Array.of(0, 0)),
  'image-twice.bin': joined(sound, sound),
  'precopy-alone.bin': memory(3),
  'four-bytes.bin': sound.subarray(0, 4),
  'time-zero.bin': joined(memory(3), new Uint8Array(8)),
  'time-negative.bin': joined(memory(3), new Uint8Array(8).fill(0xff)),
};
