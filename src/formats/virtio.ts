import type { Layout } from '../layout/types.ts';
import {
  bytes,
  choice,
  compatibility,
  framed,
  iova,
  le16,
  le32,
  le64,
  lengthOf,
  repeat,
  reserved,
  rest,
  restOf,
  struct,
  u8,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import {
  devicePartsAt,
  LARGEST_RECORD,
  RECORD_HEADER_SIZE,
  recordHeaderAt,
} from './tagged-records.ts';
import { virtioInvariants } from './virtio-invariants.ts';
import { virtioSample } from './virtio-sample.ts';

const bySet = 'the device refuses what it does not take: admin command DEV_PARTS_SET';

const queueSelector = struct({
  vq_index: le16(),
  reserved: bytes(6, { zero: true }),
});

/** Bits of the features, 64 to a word; the first word holds all that virtio 1.3 defines. */
const features = (name: string, first: Layout): Layout =>
  struct({ [name]: first, [`${name}_above`]: repeat(le64(), 'word') });

const value: Layout = choice(
  'part_type',
  {
    DEV_FEATURES: features(
      'device_features',
      le64({ control: 'device', role: compatibility('superset'), driver: bySet }),
    ),
    DRV_FEATURES: features('driver_features', le64({ control: 'guest', driver: bySet })),
    PCI_COMMON_CFG: choice('length', {
      1: u8({ control: 'guest' }),
      2: le16({ control: 'guest' }),
      4: le32({ control: 'guest' }),
    }),
    DEVICE_STATUS: u8({
      control: 'guest',
      flags: {
        ACKNOWLEDGE: 0,
        DRIVER: 1,
        DRIVER_OK: 2,
        FEATURES_OK: 3,
        SUSPEND: 4,
        DEVICE_NEEDS_RESET: 6,
        FAILED: 7,
      },
      driver: bySet,
    }),
    VQ_CFG: struct(
      {
        queue_size: le16({ doc: 'entries' }),
        vector: le16({ doc: '0xffff: no interrupt' }),
        enabled: le16({ role: within(0n, 1n), driver: bySet }),
        reserved: le16({ role: reserved, driver: bySet }),
        queue_desc: le64({ role: iova(16n), doc: 'descriptors, 16 bytes each' }),
        queue_driver: le64({ role: iova(2n), doc: 'what the guest makes available' }),
        queue_device: le64({ role: iova(4n), doc: 'what the device writes' }),
      },
      { control: 'guest' },
    ),
    VQ_NOTIFY_CFG: struct({
      queue_notify_config_data: le16({ control: 'device' }),
      reserved0: le16({ role: reserved }),
      reserved1: le32({ role: reserved, driver: bySet }),
    }),
  },
  rest,
);

const part = struct({
  part_type: le16({
    names: {
      DEV_FEATURES: 0x100n,
      DRV_FEATURES: 0x101n,
      PCI_COMMON_CFG: 0x102n,
      DEVICE_STATUS: 0x103n,
      VQ_CFG: 0x104n,
      VQ_NOTIFY_CFG: 0x105n,
    },
    driver: bySet,
  }),
  flags: u8({
    flags: { OPTIONAL: 0 },
    doc: 'bit 0: a device that does not know the type passes over the part',
  }),
  reserved: u8({ role: reserved }),
  selector: choice(
    'part_type',
    {
      DEV_FEATURES: le64({ role: reserved }),
      DRV_FEATURES: le64({ role: reserved }),
      PCI_COMMON_CFG: struct({
        offset: le32({ doc: 'of the field in the common configuration structure' }),
        reserved: le32({ role: reserved }),
      }),
      DEVICE_STATUS: le64({ role: reserved }),
      VQ_CFG: queueSelector,
      VQ_NOTIFY_CFG: queueSelector,
    },
    le64(),
  ),
  length: le32({ role: lengthOf('value') }),
  value: framed('length', value),
});

/** Records that may stand before the first device context. */
const MOST_SKIPPED = 8;

const recognise = (head: Uint8Array): Likeness | undefined => {
  let at = 0;
  let sound = true;
  for (let skipped = 0; skipped < MOST_SKIPPED; skipped += 1) {
    const header = recordHeaderAt(head, at);
    if (header === undefined) return undefined;
    const { size, flags, tag } = header;
    const parts = at + RECORD_HEADER_SIZE;
    const sane = size > 0n && size <= LARGEST_RECORD && flags <= 1;
    if (devicePartsAt(head, parts) && (tag === 0 || beginsWithFeatures(head, parts))) {
      sound &&= sane && tag === 0 && beginsWithFeatures(head, parts);
      return sound ? 'likely' : 'damaged';
    }
    if (!sane || tag === 0) return undefined;
    sound &&= flags === 1;
    at = parts + Number(size);
  }
  return undefined;
};

/** An optional DEV_FEATURES part of one word, selector zero: sixteen bytes that little else has. */
const beginsWithFeatures = (head: Uint8Array, at: number): boolean =>
  head[at] === 0 &&
  head[at + 1] === 1 &&
  head[at + 2] === 1 &&
  head.subarray(at + 3, at + 12).every((byte) => byte === 0) &&
  (head[at + 12] ?? 8) % 8 === 0 &&
  head.subarray(at + 13, at + 16).every((byte) => byte === 0);

export const virtio = defineFormat({
  id: 'virtio',
  title: 'virtio virtual function (virtio-vfio-pci)',
  source:
    'linux drivers/vfio/pci/virtio/common.h: struct virtiovf_migration_header; virtio 1.4: device parts',
  summary: `
Records to the end of the stream, with the record header of mlx5; each DEVICE_DATA record is a
complete device context in the parts that the virtio specification defines. Every round of PRE_COPY
sends the whole context again, and the last one wins. The kernel passes the parts to the device
unread: the device is their only judge.`,
  layout: repeat(
    struct(
      {
        record_size: le64({
          role: [lengthOf('data'), within(0n, LARGEST_RECORD)],
          doc: 'bytes behind the header',
          driver: 'at most 2^32 - 1: virtiovf_resume_read_header() (ENOMEM)',
        }),
        flags: le32({
          flags: { TAG_OPTIONAL: 0 },
          doc: 'bit 0: a reader that does not know the tag passes over the record',
        }),
        tag: le32({
          names: { DEVICE_DATA: 0n },
          driver: 'an unknown one must be optional: virtiovf_resume_read_header() (EOPNOTSUPP)',
        }),
        data: framed(
          'record_size',
          choice(
            'tag',
            { DEVICE_DATA: repeat(part, 'part') },
            restOf({ control: 'unknown', doc: 'passed over' }),
          ),
        ),
      },
      { control: 'driver' },
    ),
  ),
  pci: ['1af4:1041', '1af4:1042'],
  drivers: ['virtio_vfio_pci'],
  marked: false,
  identity:
    'None. device_features tells what the source offered; the type of the device, its number of queues and its vendor have to be compared out of band.',
  sample: virtioSample,
  recognise,
  invariants: virtioInvariants,
});
