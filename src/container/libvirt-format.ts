/** `libvirt src/qemu/qemu_saveimage.h`: the header of a save image and the kinds of its payload. */
export const libvirtHeaderLength = 92;
export const libvirtMagic = 'LibvirtQemudSave';
export const libvirtPartialMagic = 'LibvirtQemudPart';
/** Words of the header behind the five that have a meaning. */
export const libvirtUnused = 14;
/** Offset of the first unused word. */
export const libvirtUnusedOffset = 36;

export interface PayloadFormat {
  readonly name: string;
  /** The first bytes of such a payload. */
  readonly magic: readonly number[];
  /** What unpacks it; none where it is a QEMU stream as it is. */
  readonly unpack?: string;
}

/** By the number in the header. */
export const payloadFormats: readonly PayloadFormat[] = [
  { name: 'raw', magic: [0x51, 0x45, 0x56, 0x4d] },
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: 'gzip -dc' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: 'bzip2 -dc' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: 'xz -dc' },
  {
    name: 'lzop',
    magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a],
    unpack: 'lzop -dc',
  },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: 'zstd -dc' },
  { name: 'sparse', magic: [0x51, 0x45, 0x56, 0x4d] },
];
