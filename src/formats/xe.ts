import type { Layout } from '../layout/types.ts';
import {
  array,
  choice,
  countOf,
  framed,
  identity,
  le16,
  le32,
  le64,
  lengthOf,
  repeat,
  rest,
  restOf,
  reserved,
  struct,
  tag,
  u8,
  version,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import { pages } from './pages.ts';
import { xeInvariants } from './xe-invariants.ts';
import { DEVICES, xeSample } from './xe-sample.ts';

const HEADER = 24;
const compared = 'xe_sriov_packet_process_descriptor() (ENODEV)';

const klv = struct({
  len: le16({
    role: countOf('value'),
    default: 1n,
    doc: 'of the value, in words of four bytes',
    driver: 'no more than the packet still holds: xe_sriov_packet_process_descriptor() (EINVAL)',
  }),
  key: le16({
    names: { MIGRATION_KLV_DEVICE_DEVID: 0xf001n, MIGRATION_KLV_DEVICE_REVID: 0xf002n },
    hex: true,
    driver: 'an unknown one is passed over',
  }),
  value: framed(
    { field: 'len', times: 4 },
    choice(
      'key',
      {
        MIGRATION_KLV_DEVICE_DEVID: struct({
          devid: le32({ role: identity, control: 'device', hex: true, driver: compared }),
        }),
        MIGRATION_KLV_DEVICE_REVID: struct({
          revid: le32({ role: identity, control: 'device', driver: compared }),
        }),
      },
      rest,
    ),
  ),
});

const data: Layout = choice(
  'type',
  {
    DESCRIPTOR: repeat(klv, 'klv'),
    TRAILER: restOf({ doc: 'empty' }),
    GGTT: pages({
      control: 'guest',
      doc: 'page table entries of 8 bytes, one for each 4 KiB of the function’s part of the GGTT',
      driver:
        'the size must be that of the destination’s part: xe_gt_sriov_pf_migration.c (EINVAL)',
    }),
    MMIO: struct(
      { regs: array(4, le32({ hex: true })) },
      {
        control: 'guest',
        doc: 'software flags of the function',
        driver: 'exactly 16 bytes: xe_gt_sriov_pf_migration.c (EINVAL)',
      },
    ),
    GUC: restOf({
      control: 'firmware',
      doc: 'state of the function inside the GuC; only the firmware can judge it',
      driver: 'the GuC refuses what it does not take (EPROTO, ENODATA)',
    }),
    VRAM: restOf({
      control: 'guest',
      doc: 'local memory of the function',
      driver:
        'offset and size must lie in the provisioned memory: xe_gt_sriov_pf_migration.c (EINVAL)',
    }),
  },
  restOf({ control: 'unknown', doc: 'passed over by the worker of its GT' }),
);

/** The header that every save begins with, and the first key behind it. */
const descriptor = Uint8Array.of(1, 1, ...new Array<number>(14).fill(0), 16, 0, 0, 0, 0, 0, 0, 0);
const deviceKey = Uint8Array.of(1, 0, 1, 0xf0);

const equalBytes = (head: Uint8Array, at: number, wanted: Uint8Array): number =>
  wanted.filter((byte, index) => head[at + index] === byte).length;

const zeros = (head: Uint8Array, from: number, to: number): boolean =>
  head.length >= to && head.subarray(from, to).every((byte) => byte === 0);

/** Bytes of the packet whose header stands at an offset; undefined where there is no such header. */
const packetAt = (head: Uint8Array, at: number): number | undefined => {
  const [form, type = 0, tile = 2, gt = 4] = head.subarray(at);
  if (form !== 1 || type < 1 || type > 6 || tile > 1 || gt > 3) return undefined;
  if (!zeros(head, at + 4, at + 8)) return undefined;
  if (type !== 6 && !zeros(head, at + 8, at + 16)) return undefined;
  if (!zeros(head, at + 21, at + HEADER)) return undefined;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0] = head.subarray(at + 16);
  return HEADER + b0 + b1 * 2 ** 8 + b2 * 2 ** 16 + b3 * 2 ** 24 + b4 * 2 ** 32;
};

const recognise = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  const start = equalBytes(head, 0, descriptor);
  const key = equalBytes(head, HEADER, deviceKey);
  if (start === HEADER && key === 4) return 'certain';
  if (head.length < HEADER + 4 && start === Math.min(head.length, HEADER) && head.length >= 8) {
    return 'likely';
  }
  const first = packetAt(head, 0);
  if (first !== undefined) {
    const trailerAlone = head[1] === 2 && first === HEADER;
    if (first === size && (trailerAlone || first > 2 * HEADER)) return 'likely';
    if (packetAt(head, first) !== undefined) return 'likely';
    if (key >= 3 || (start >= HEADER - 2 && zeros(head, 2, 8))) return 'damaged';
  }
  if (key === 4 && start >= HEADER - 8) return 'damaged';
  const second = start >= HEADER - 2 ? packetAt(head, HEADER + 16) : undefined;
  if (second !== undefined) return 'damaged';
  const trailer = head.length === HEADER && size === HEADER && head[1] === 2;
  return trailer && zeros(head, 2, HEADER) ? 'damaged' : undefined;
};

export const xe = defineFormat({
  id: 'xe',
  title: 'Intel graphics virtual function (xe-vfio-pci)',
  source: 'linux drivers/gpu/drm/xe/xe_sriov_packet_types.h: struct xe_sriov_packet_hdr',
  summary: `
Packets to the end of the stream, each with a header of 24 bytes. A save begins with a descriptor,
which names the device in keys, lengths and values as the GuC uses them; then come, for each GT, the
state of the firmware, the part of the global page table, some registers and the local memory in
pieces of up to 512 MiB; a trailer ends it. The packets are handed to a worker of their GT, so what
is wrong with one shows at a later write, or when RESUMING is left.`,
  layout: repeat(
    struct(
      {
        version: u8({ role: version(1n), driver: 'xe_sriov_packet_init_from_hdr() (EINVAL)' }),
        type: u8({
          role: tag,
          names: { DESCRIPTOR: 1n, TRAILER: 2n, GGTT: 3n, MMIO: 4n, GUC: 5n, VRAM: 6n },
          driver: 'zero is refused: xe_sriov_pf_migration_restore_produce() (EINVAL)',
        }),
        tile_id: u8({
          role: within(0n, 1n),
          driver: 'the tile of the GT: xe_sriov_pf_migration_restore_produce() (EINVAL)',
        }),
        gt_id: u8({ role: within(0n, 3n), driver: 'a GT of the device: pkt_init() (EINVAL)' }),
        flags: le32({ role: reserved }),
        offset: le64({ doc: 'of the data in the local memory; zero for anything else' }),
        size: le64({
          role: lengthOf('data'),
          driver: 'memory for it is taken before it arrives: pkt_init() (ENOMEM)',
        }),
        data: framed('size', data),
      },
      { control: 'driver' },
    ),
    'packet',
  ),
  pci: DEVICES.map((id) => `8086:${id.toString(16)}`),
  drivers: ['xe_vfio_pci'],
  marked: true,
  identity: `
devid and revid of the descriptor must be those of the destination. The versions of the GuC and the
sizes of what was provisioned for the function have to be compared out of band.`,
  sample: xeSample,
  recognise,
  invariants: xeInvariants,
});
