/**
 * The config record of a PCI device: `qemu hw/pci/pci.c: vmstate_pci_device` and
 * `qemu hw/vfio/pci.c: vfio_pci_save_config`. It has no length; it follows from its own content.
 */

/** Bytes before the config space: the version of PCIDevice. */
export const pciVersionLength = 4;
/** Four interrupt lines, a u32 each. */
const irqStateLength = 16;
const capabilityMsix = 0x11;
const statusCapabilityList = 0x10;

/**
 * Whether the device of a section is a PCI device: those have a path before `/vfio`. The config of the
 * others (ccw, ap, platform) is a structure of its own, of which nothing is known here.
 */
export const isPciSection = ({ idstr }: { readonly idstr: string }): boolean => idstr !== 'vfio';

const u16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);

export interface Capability {
  readonly id: number;
  readonly at: number;
}

export interface CapabilityWalk {
  readonly list: readonly Capability[];
  /** How the list is broken, if it is; PCI devices of any kind end it with 0. */
  readonly broken: 'loops' | 'leaves the space' | undefined;
}

/**
 * The capability list of a config space that begins at `space`. The pointer's low two bits are
 * reserved (PCI Local Bus 3.0, 6.7), and capabilities live between 0x40 and 0xff.
 */
export const capabilities = (bytes: Uint8Array, space: number): CapabilityWalk => {
  const list: Capability[] = [];
  if ((u16(bytes, space + 6) & statusCapabilityList) === 0) return { list, broken: undefined };
  const visited = new Set<number>();
  let at = (bytes[space + 0x34] ?? 0) & 0xfc;
  while (at !== 0) {
    if (at < 0x40) return { list, broken: 'leaves the space' };
    if (visited.has(at)) return { list, broken: 'loops' };
    visited.add(at);
    list.push({ id: bytes[space + at] ?? 0, at });
    at = (bytes[space + at + 1] ?? 0) & 0xfc;
  }
  return { list, broken: undefined };
};

/** Vectors of the MSI-X table that the config space announces; 0 without MSI-X. */
export const msixVectors = (bytes: Uint8Array, space: number): number => {
  const msix = capabilities(bytes, space).list.find(({ id }) => id === capabilityMsix);
  return msix === undefined ? 0 : (u16(bytes, space + msix.at + 2) & 0x7ff) + 1;
};

/** Bytes of a record whose config space has `size` bytes, subsections left out. */
export const configLength = (bytes: Uint8Array, size: 256 | 4096): number => {
  const vectors = msixVectors(bytes, pciVersionLength);
  const fixed = pciVersionLength + size + irqStateLength;
  return fixed + vectors * 16 + Math.ceil(vectors / 8);
};

/** The longest record that follows from a config space: 4 KiB, and 2,048 vectors. */
export const longestConfig = pciVersionLength + 4096 + irqStateLength + 2048 * 16 + 256;
