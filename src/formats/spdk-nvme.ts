import type { Layout } from '../layout/types.ts';
import {
  array,
  bytes,
  compatibility,
  framed,
  identity,
  indexInto,
  iova,
  le16,
  le32,
  le64,
  lengthOf,
  magic,
  offsetOf,
  oneOf,
  padding,
  repeat,
  reserved,
  restOf,
  struct,
  u8,
  version,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import { pciConfig } from './pci-config.ts';
import { spdkNvmeInvariants } from './spdk-nvme-invariants.ts';
import { MOST_PAIRS, spdkNvmeSample, VFIO_USER_NVME_MIGR_MAGIC } from './spdk-nvme-sample.ts';

const copied = 'used for a copy as it is: vfio_user_migr_stream_to_data()';
const PAGE = 4096n;

const registers = struct(
  {
    cap: le64({ role: compatibility('equal'), control: 'device', hex: true }),
    vs: le32({ role: compatibility('equal'), control: 'device', hex: true }),
    cc: le32({ hex: true }),
    csts: le32({ control: 'device', hex: true }),
    aqa: le32({ hex: true, doc: 'entries of the admin queues, less one' }),
    asq: le64({ role: iova(PAGE) }),
    acq: le64({ role: iova(PAGE) }),
    nssr: le32({ hex: true }),
    rsvd: le32({ role: reserved }),
  },
  { control: 'guest' },
);

const nvmfData = struct({
  data_size: le32({ role: oneOf(1576n), doc: 'bytes that are used' }),
  regs_size: le32({ role: oneOf(48n) }),
  feat_size: le32({ role: oneOf(40n) }),
  reserved: le32({ role: reserved }),
  regs: registers,
  regs_unused: bytes(208, { zero: true }),
  feat: array(10, le32({ hex: true }), { control: 'guest', doc: 'values of Set Features' }),
  feat_unused: bytes(216, { zero: true }),
  cntlid: le16({ role: identity, control: 'device', doc: 'controller id in its subsystem' }),
  acre: u8({ role: within(0n, 1n), control: 'guest' }),
  num_aer_cids: u8({ role: within(0n, 4n), doc: 'entries of aer_cids', driver: copied }),
  num_async_events: le32({
    role: within(0n, 256n),
    doc: 'entries of async_events',
    driver: copied,
  }),
  async_events: array(256, le32({ hex: true }), { control: 'device' }),
  aer_cids: array(4, le16(), { control: 'guest', doc: 'commands that wait for an event' }),
  notice_aen_mask: le64({ control: 'device', hex: true }),
  unused: bytes(2520, { zero: true }),
});

const pair = struct(
  {
    sq: struct({
      sqid: le16({
        role: indexInto('queue pairs', MOST_PAIRS),
        driver: 'must be its place in the list: vfio_user_migr_ctrlr_construct_qps() (EINVAL)',
      }),
      cqid: le16({ role: indexInto('completion queues', MOST_PAIRS) }),
      head: le32(),
      size: le32({ role: within(0n, 65536n), doc: 'entries of 64 bytes; 0: not there' }),
      reserved: le32({ role: reserved }),
      dma_addr: le64({ role: iova(PAGE), driver: 'must be mapped (EFAULT)' }),
    }),
    cq: struct({
      cqid: le16({ role: indexInto('completion queues', MOST_PAIRS) }),
      phase: le16({ role: within(0n, 1n) }),
      tail: le32(),
      size: le32({ role: within(0n, 65536n), doc: 'entries of 16 bytes; 0: not there' }),
      iv: le32({ role: within(0n, 2047n), doc: 'interrupt vector' }),
      ien: le32({ role: within(0n, 1n) }),
      reserved: le32({ role: reserved }),
      dma_addr: le64({ role: iova(PAGE), driver: 'must be mapped (EFAULT)' }),
    }),
  },
  { control: 'guest' },
);

const unusedBars = (count: number, which: string): Layout =>
  array(count, le64({ role: reserved }), { doc: which });

/** Fields of the header that hold in any image: the length of BAR 0, and where the data lies. */
const marks: readonly (readonly [number, number])[] = [
  [97, 0x10],
  [201, 0x10],
  [209, 0x10],
];

const recognise = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  const raw = [0x23, 0xbc, 0xed, 0xaf];
  const seen = Math.min(head.length, 4);
  const equal = raw.filter((byte, index) => head[index] === byte).length;
  if (seen >= 2 && equal === seen) return seen === 4 ? 'certain' : 'likely';
  const quiet = head.length >= 16 && head.subarray(4, 16).every((byte) => byte === 0);
  if (equal === 3 && quiet) return 'damaged';
  const marked = marks.every(([at, byte]) => head[at] === byte && head[at - 1] === 0);
  return marked && quiet && (size ?? 4096) >= 4096 ? 'damaged' : undefined;
};

export const spdkNvme = defineFormat({
  id: 'spdk-nvme',
  title: 'SPDK vfio-user NVMe controller',
  source: 'spdk lib/nvmf/vfio_user.c: struct vfio_user_nvme_migr_header (to v25.05)',
  summary: `
An image of 45056 bytes: a header of a page with the offset and length of each part, the data of the
NVMe controller, its queue pairs, the doorbells and the config space. SPDK served it through the
migration region of the first VFIO protocol, and dropped it before v25.09. The parts follow each
other without gaps, so their places depend on the number of queue pairs. The header has a magic; its
version is not compared.`,
  layout: struct(
    {
      magic: le32({
        role: magic(VFIO_USER_NVME_MIGR_MAGIC),
        driver: 'vfio_user_migr_stream_to_data() (EINVAL)',
      }),
      version: le32({ role: version(0n) }),
      opts_size: le32({ doc: 'fields of the header that are valid, in bytes; not set' }),
      reserved0: le32({ role: reserved }),
      bar0_offset: le64({ role: offsetOf('doorbells'), doc: 'bar_offset[0]', driver: copied }),
      bar1_to_6_offset: unusedBars(6, 'bar_offset[1] to bar_offset[6]'),
      config_offset: le64({ role: offsetOf('cfg'), doc: 'bar_offset[7]', driver: copied }),
      bar8_to_9_offset: unusedBars(2, 'bar_offset[8] and bar_offset[9]'),
      bar0_len: le64({ role: lengthOf('doorbells'), doc: 'bar_len[0]', driver: copied }),
      bar1_to_6_len: unusedBars(6, 'bar_len[1] to bar_len[6]'),
      config_len: le64({ role: lengthOf('cfg'), doc: 'bar_len[7]', driver: copied }),
      bar8_to_9_len: unusedBars(2, 'bar_len[8] and bar_len[9]'),
      qp_offset: le64({ role: offsetOf('qps'), driver: copied }),
      qp_len: le64({ role: lengthOf('qps'), driver: copied }),
      num_io_queues: le32({ doc: 'queue pairs without the admin queue' }),
      reserved1: le32({ role: reserved }),
      nvmf_data_offset: le64({ role: offsetOf('nvmf_data'), driver: copied }),
      nvmf_data_len: le64({ role: lengthOf('nvmf_data'), driver: copied }),
      sdbl: le32({ role: within(0n, 1n), doc: 'shadow doorbells are in use' }),
      padding: le32({ role: padding }),
      shadow_doorbell_buffer: le64({ role: iova(PAGE), control: 'guest' }),
      eventidx_buffer: le64({ role: iova(PAGE), control: 'guest' }),
      unused: bytes(3856, { zero: true }),
      nvmf_data: nvmfData,
      qps: framed('qp_len', repeat(pair, 'qp')),
      doorbells: array(1024, le32(), {
        control: 'guest',
        doc: 'tail of each submission queue, head of each completion queue, in turn',
      }),
      cfg: pciConfig,
      rest: restOf({ zero: true, doc: 'to the end of the image' }),
    },
    { control: 'driver' },
  ),
  pci: ['4e58:0001'],
  drivers: [],
  marked: true,
  identity: `
cntlid, cap and vs should equal those of the destination. No subsystem, namespace, model or serial
number is in the image, and the layout of the structures holds within one release of SPDK.`,
  sample: spdkNvmeSample,
  recognise,
  invariants: spdkNvmeInvariants,
});
