import { hex, joined, noise, type Streams } from './edit.ts';

const words = (count: number, word: string): Uint8Array =>
  joined(...Array.from({ length: count }, () => hex(word)));

export const opaqueStreams: Streams = {
  'empty.bin': new Uint8Array(0),
  'one-byte.bin': Uint8Array.of(0x00),
  'zeros.bin': new Uint8Array(4096),
  'noise.bin': noise(4096),
  'text.bin': new TextEncoder().encode('this is a log file and no device state\n'.repeat(16)),
  'executable.bin': joined(
    hex('7f454c4602010100000000000000000002003e0001000000'),
    new Uint8Array(40),
    noise(512),
  ),
  // A pointer into the direct map and one into kernel text, as x86-64 has them.
  'kernel-pointers.bin': joined(
    noise(256),
    words(2, '001240078188ffff'),
    words(2, 'a0b0118effffffff'),
  ),
  'error-codes.bin': words(64, 'eaffffffffffffff'),
};
