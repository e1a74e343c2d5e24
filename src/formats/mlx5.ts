import {
  choice,
  framed,
  le32,
  le64,
  lengthOf,
  repeat,
  restOf,
  struct,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import { mlx5Invariants, mlx5Sample } from './mlx5-invariants.ts';
import {
  devicePartsAt,
  LARGEST_RECORD,
  RECORD_HEADER_SIZE,
  recordHeaderAt,
  type RecordHeader,
} from './tagged-records.ts';

/** A first record of eight bytes with the optional bit and the tag STOP_COPY_SIZE. */
const sizeRecord = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
/** Behind it the next header begins. */
const SIZE_RECORD = 24;

const isSane = ({ size, flags, tag }: RecordHeader): boolean => {
  if (size > LARGEST_RECORD || flags > 1) return false;
  if (tag === 0) return size > 0n;
  return tag === 1 ? size === 8n : flags === 1 && tag < 0x10000;
};

/** Whether the header at an offset is one; undefined when the first bytes do not show it. */
const saneAt = (head: Uint8Array, at: number): boolean | undefined => {
  const header = recordHeaderAt(head, at);
  return header === undefined ? undefined : isSane(header);
};

/** A packet of the xe driver: its version 1 and a type would pass for a small length. */
const looksLikePacket = (head: Uint8Array): boolean =>
  head[0] === 1 && (head[1] ?? 0) >= 1 && (head[1] ?? 0) <= 6 && head[2] === 0;

/** Firmware images are dense; tables and zero-filled states are not. */
const isDense = (bytes: Uint8Array): boolean => new Set(bytes.subarray(0, 64)).size >= 4;

/** A state that begins with an image: little to go by, so what follows it has to agree as well. */
const recogniseImage = (
  head: Uint8Array,
  first: RecordHeader,
  size: number | undefined,
): Likeness | undefined => {
  if (first.flags !== 0 || !isDense(head.subarray(RECORD_HEADER_SIZE))) return undefined;
  const end = Number(first.size) + RECORD_HEADER_SIZE;
  const next = saneAt(head, end);
  if (next === true || end === size) return 'likely';
  if (looksLikePacket(head)) return undefined;
  if (next === false || (size !== undefined && end > size)) return 'damaged';
  return 'likely';
};

const recognise = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  const equal = sizeRecord.filter((byte, index) => head[index] === byte).length;
  if (equal === RECORD_HEADER_SIZE) return 'likely';
  const first = recordHeaderAt(head, 0);
  if (first === undefined) return equal === head.length && equal > 8 ? 'damaged' : undefined;
  if (devicePartsAt(head, RECORD_HEADER_SIZE)) return undefined;
  if (!isSane(first)) {
    // A size record with one byte wrong; or with more, and behind it what follows a size record.
    const nearly = equal >= 13 && head.some((byte) => byte !== 0);
    const followed = nearly && saneAt(head, SIZE_RECORD) === true;
    return equal === RECORD_HEADER_SIZE - 1 || followed ? 'damaged' : undefined;
  }
  if (first.tag === 0) return recogniseImage(head, first, size);
  const next = Number(first.size) + RECORD_HEADER_SIZE;
  if (devicePartsAt(head, next + RECORD_HEADER_SIZE)) return undefined;
  return saneAt(head, next) === true ? 'likely' : 'damaged';
};

/** Records to the end of the stream; a record is a header of 16 bytes and `record_size` bytes. */
export const mlx5 = defineFormat({
  id: 'mlx5',
  title: 'NVIDIA ConnectX virtual function (mlx5-vfio-pci)',
  source: 'linux drivers/vfio/pci/mlx5/cmd.h: struct mlx5_vf_migration_header',
  summary: `
Records to the end of the stream: no magic, no terminator, no checksum. A save begins with a size
record, which tells how much the destination should prepare, and goes on with firmware images: the
first in full, more while the guest runs, the last when it has stopped. The images are the
firmware's; the kernel hands each to the device when its last byte has arrived. Before Linux 6.2 the
stream was one image without any header.`,
  layout: repeat(
    struct(
      {
        record_size: le64({
          role: [lengthOf('data'), within(0n, LARGEST_RECORD)],
          doc: 'bytes behind the header',
          driver: 'at most 2^32 - 1: mlx5vf_resume_read_header() (ENOMEM)',
        }),
        flags: le32({
          flags: { TAG_OPTIONAL: 0 },
          doc: 'bit 0: a reader that does not know the tag passes over the record',
        }),
        tag: le32({
          names: { FW_DATA: 0n, STOP_COPY_SIZE: 1n },
          driver: 'an unknown one must be optional: mlx5vf_resume_read_header() (EOPNOTSUPP)',
        }),
        data: framed(
          'record_size',
          choice(
            'tag',
            {
              FW_DATA: restOf({
                control: 'firmware',
                doc: 'an image of the device; only its firmware can judge it',
                driver: 'the firmware refuses what it does not take: mlx5vf_cmd_load_vhca_state()',
              }),
              STOP_COPY_SIZE: struct({
                stop_copy_size: le64({
                  doc: 'bytes that the next image will need at most; a hint',
                  driver: 'cut to 2^32 - 1: mlx5vf_resume_read_header_data()',
                }),
              }),
            },
            restOf({ control: 'unknown', doc: 'passed over' }),
          ),
        ),
      },
      { control: 'driver' },
    ),
  ),
  pci: ['15b3:101e'],
  drivers: ['mlx5_vfio_pci'],
  marked: false,
  identity:
    'None in the stream. Source and destination need the same device id, PSID and firmware version, which have to be compared out of band.',
  sample: mlx5Sample,
  recognise,
  invariants: mlx5Invariants,
});
