/**
 * The config record of a PCI device. What is left out is that of an ordinary endpoint: vendor and
 * device of the mtty sample, one I/O BAR, no capabilities.
 */
export interface PciConfigDraft {
  /** Version of PCIDevice, big-endian unlike everything behind it. */
  readonly version?: number;
  readonly vendor?: number;
  readonly device?: number;
  readonly revision?: number;
  /** Base class, subclass and programming interface, as `0x070002`. */
  readonly class?: number;
  readonly headerType?: number;
  readonly status?: number;
  /** Registers overwritten at the end, by offset in the config space. */
  readonly registers?: Readonly<Record<number, readonly number[]>>;
  /** Vectors of an MSI-X capability at 0x40; none without it. */
  readonly msix?: number;
  /** Bytes of the MSI-X pending array, where they are not all 0. */
  readonly pending?: readonly number[];
  readonly irq?: readonly number[];
  readonly space?: 256 | 4096;
}

export const configBytes = (draft: PciConfigDraft = {}): Uint8Array => {
  const { space = 256, msix = 0, irq = [0, 0, 0, 0] } = draft;
  const pendingLength = Math.ceil(msix / 8);
  const bytes = new Uint8Array(4 + space + 16 + msix * 16 + pendingLength);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, draft.version ?? 2);
  const registers = 4;
  view.setUint16(registers, draft.vendor ?? 0x4348, true);
  view.setUint16(registers + 2, draft.device ?? 0x3253, true);
  view.setUint16(registers + 6, draft.status ?? (msix > 0 ? 0x0210 : 0x0200), true);
  view.setUint32(registers + 8, ((draft.class ?? 0x070002) << 8) | (draft.revision ?? 0x10), true);
  view.setUint8(registers + 0x0e, draft.headerType ?? 0);
  view.setUint32(registers + 0x10, 1, true);
  view.setUint8(registers + 0x3d, 1);
  if (msix > 0) {
    view.setUint8(registers + 0x34, 0x40);
    view.setUint8(registers + 0x40, 0x11);
    view.setUint16(registers + 0x42, msix - 1, true);
  }
  for (const [at, values] of Object.entries(draft.registers ?? {})) {
    bytes.set(values, registers + Number(at));
  }
  irq.forEach((level, line) => view.setUint32(registers + space + line * 4, level));
  const pending = registers + space + 16 + msix * 16;
  draft.pending?.forEach((byte, index) => view.setUint8(pending + index, byte));
  return bytes;
};
