import type { CompressionName } from '../bytes/unpack.ts';

/** `libvirt src/qemu/qemu_saveimage.h`: the header of a save image and the kinds of its payload. */
export const libvirtHeaderLength = 92;
export const libvirtMagic = 'LibvirtQemudSave';
export const libvirtPartialMagic = 'LibvirtQemudPart';
/** Offset of the word that says how the payload is compressed. */
export const libvirtFormatOffset = 28;
/** Words of the header behind the five that have a meaning. */
export const libvirtUnused = 14;
/** Offset of the first unused word. */
export const libvirtUnusedOffset = 36;

export interface PayloadFormat {
  readonly name: string;
  /** The first bytes of such a payload. */
  readonly magic: readonly number[];
  /** It is a QEMU stream inside a compression of this name. */
  readonly packed?: CompressionName;
}

/** By the number in the header. */
export const payloadFormats: readonly PayloadFormat[] = [
  { name: 'raw', magic: [0x51, 0x45, 0x56, 0x4d] },
  { name: 'gzip', magic: [0x1f, 0x8b], packed: 'gzip' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], packed: 'bzip2' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], packed: 'xz' },
  {
    name: 'lzop',
    magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a],
    packed: 'lzop',
  },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], packed: 'zstd' },
  { name: 'sparse', magic: [0x51, 0x45, 0x56, 0x4d] },
];
