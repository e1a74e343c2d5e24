import { decode } from '../../layout/decode.ts';
import type { Node } from '../../layout/node.ts';
import type { Layout } from '../../layout/types.ts';
import {
  array,
  be32,
  bytes,
  le16,
  le24,
  le32,
  rest,
  struct,
  u8,
  when,
  within,
} from '../../layout/vocabulary.ts';
import type { DeviceConfig } from '../events.ts';
import { msixVectors, pciVersionLength } from './pci-config.ts';

/** Registers of a type 0 header (PCI Local Bus 3.0, 6.1), little-endian as on the bus. */
const registers = {
  vendor_id: le16({ hex: true }),
  device_id: le16({ hex: true }),
  command: le16({
    control: 'guest',
    hex: true,
    flags: { IO: 0, MEMORY: 1, BUS_MASTER: 2, PARITY: 6, SERR: 8, INTX_DISABLE: 10 },
  }),
  status: le16({ hex: true }),
  revision_id: u8(),
  class_code: le24({ hex: true }),
  cache_line_size: u8({ control: 'guest' }),
  latency_timer: u8({ control: 'guest' }),
  header_type: u8({ hex: true }),
  bist: u8(),
  bar: array(6, le32({ control: 'guest', hex: true })),
  cardbus_cis: le32(),
  subsystem_vendor_id: le16({ hex: true }),
  subsystem_id: le16({ hex: true }),
  rom_bar: le32({ control: 'guest' }),
  capabilities_pointer: u8(),
  reserved: bytes(7),
  interrupt_line: u8({ control: 'guest' }),
  interrupt_pin: u8(),
  min_gnt: u8(),
  max_lat: u8(),
};

/** The saved config of a PCI device (`qemu hw/pci/pci.c: vmstate_pci_device`, `hw/vfio/pci.c`). */
const layoutOf = (space: 256 | 4096, vectors: number): Layout =>
  struct({
    version_id: be32({ doc: 'of PCIDevice; the only big-endian number besides the lines' }),
    config: struct({ ...registers, device_specific: bytes(space - 64) }),
    irq_state: array(4, be32({ role: within(0n, 1n) })),
    ...(vectors === 0
      ? {}
      : {
          msix_table: array(
            vectors,
            struct(
              { address_low: le32(), address_high: le32(), data: le32(), vector_control: le32() },
              { control: 'guest' },
            ),
          ),
          msix_pending: bytes(Math.ceil(vectors / 8)),
        }),
    subsections: when({ remaining: 1 }, rest),
  });

/** The fields of a config record; undefined when its length does not follow from its content. */
export const configTree = ({ bytes: record, space }: DeviceConfig): Node | undefined => {
  if (space === undefined) return undefined;
  const [root] = decode(layoutOf(space, msixVectors(record, pciVersionLength)), record);
  return root;
};
