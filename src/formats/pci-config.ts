import type { Layout } from '../layout/types.ts';
import { array, bytes, identity, le16, le24, le32, struct, u8 } from '../layout/vocabulary.ts';

/**
 * A PCI Express config space of 4096 bytes as a device emulator keeps it: the header of an endpoint
 * by field, capabilities as they are. PCI Local Bus 3.0, 6.1; names as in linux pci_regs.h.
 */
export const pciConfig: Layout = struct(
  {
    vendor_id: le16({ role: identity, control: 'device', hex: true }),
    device_id: le16({ role: identity, control: 'device', hex: true }),
    command: le16({ hex: true }),
    status: le16({ hex: true }),
    revision: u8({ control: 'device' }),
    class: le24({ control: 'device', hex: true }),
    cache_line_size: u8(),
    latency_timer: u8(),
    header_type: u8({ control: 'device', hex: true }),
    bist: u8(),
    base_address: array(6, le32({ hex: true })),
    cardbus_cis: le32({ hex: true }),
    subsystem_vendor_id: le16({ control: 'device', hex: true }),
    subsystem_id: le16({ control: 'device', hex: true }),
    rom_address: le32({ hex: true }),
    capability_list: u8({ control: 'device', hex: true }),
    reserved: bytes(7),
    interrupt_line: u8(),
    interrupt_pin: u8({ control: 'device' }),
    min_gnt: u8(),
    max_lat: u8(),
    capabilities: bytes(192),
    extended: bytes(3840),
  },
  { control: 'guest' },
);
