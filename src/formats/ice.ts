import type { Layout } from '../layout/types.ts';
import {
  array,
  bytes,
  choice,
  compatibility,
  countOf,
  framed,
  iova,
  le16,
  le32,
  le64,
  lengthOf,
  magic,
  padding,
  repeat,
  rest,
  restOf,
  struct,
  u8,
  version,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import { iceInvariants } from './ice-invariants.ts';
import {
  ICE_MIG_DEVSTAT_MAGIC,
  iceEarly,
  iceSample,
  iceVendors,
  iceVendorsAlone,
} from './ice-sample.ts';
import { opcodes } from './ice-virtchnl.ts';

const QUEUES = 256;
const RING_ALIGN = 128n;
const compared = 'ice_migration_check_match() (EINVAL)';
const replayed = 'given to the handler of the physical function as if the guest had sent it';

const vector = struct({
  vsi_id: le16(),
  vector_id: le16(),
  rxq_map: le16({ hex: true }),
  txq_map: le16({ hex: true }),
  rxitr_idx: le16(),
  txitr_idx: le16(),
});

const queuePair = struct({
  txq: struct({
    vsi_id: le16(),
    queue_id: le16(),
    ring_len: le16(),
    headwb_enabled: le16(),
    dma_ring_addr: le64({ role: iova(RING_ALIGN) }),
    dma_headwb_addr: le64({ role: iova() }),
  }),
  rxq: struct({
    vsi_id: le16(),
    queue_id: le16(),
    ring_len: le32(),
    hdr_size: le16(),
    splithdr_enabled: le16(),
    databuffer_size: le32(),
    max_pkt_size: le32(),
    crc_disable: u8(),
    rxdid: u8(),
    pad1: bytes(2),
    dma_ring_addr: le64({ role: iova(RING_ALIGN) }),
    rx_split_pos: le32(),
    pad2: le32({ role: padding }),
  }),
});

const queueSelect = struct({
  vsi_id: le16(),
  pad: le16({ role: padding }),
  rx_queues: le32({ hex: true }),
  tx_queues: le32({ hex: true }),
});

const addresses = struct({
  vsi_id: le16(),
  num_elements: le16({ role: countOf('list') }),
  list: array('num_elements', struct({ addr: bytes(6), type: u8(), pad: u8() })),
});

/** Messages of the channel between a function and its physical function: linux avf/virtchnl.h. */
const messageBuffer: Layout = choice(
  'opcode',
  {
    VIRTCHNL_OP_VERSION: struct({ major: le32({ role: version(1n) }), minor: le32() }),
    VIRTCHNL_OP_GET_VF_RESOURCES: struct({ caps: le32({ hex: true }) }),
    VIRTCHNL_OP_CONFIG_VSI_QUEUES: struct({
      vsi_id: le16(),
      num_queue_pairs: le16({ role: [countOf('qpair'), within(1n, BigInt(QUEUES))] }),
      pad: le32({ role: padding }),
      qpair: array('num_queue_pairs', queuePair),
    }),
    VIRTCHNL_OP_CONFIG_IRQ_MAP: struct({
      num_vectors: le16({ role: countOf('vecmap') }),
      vecmap: array('num_vectors', vector),
    }),
    VIRTCHNL_OP_ENABLE_QUEUES: queueSelect,
    VIRTCHNL_OP_DISABLE_QUEUES: queueSelect,
    VIRTCHNL_OP_ADD_ETH_ADDR: addresses,
    VIRTCHNL_OP_DEL_ETH_ADDR: addresses,
    VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE: struct({ vsi_id: le16(), flags: le16({ hex: true }) }),
  },
  rest,
);

const slot = struct(
  {
    opcode: le32({ names: opcodes, default: 1n, doc: '0 ends the list', driver: replayed }),
    message: choice(
      'opcode',
      {
        0: restOf({ zero: true, doc: 'to the end of the buffer' }),
      },
      struct({
        msg_len: le16({ role: lengthOf('msg_buffer') }),
        msg_buffer: framed('msg_len', messageBuffer),
        pad: bytes(2, { zero: true, doc: 'the header of a slot counts as eight bytes' }),
      }),
    ),
  },
  { control: 'guest' },
);

type Fields = Readonly<Record<string, Layout>>;

/** What the first patches of the series have between the magic and the messages. */
const sizes: Fields = {
  version: le32({ role: version(1n), driver: compared }),
  total_size: le64({
    doc: 'of this part, with its padding and a whole slot for the terminator',
    driver: 'at most what was written: ice_migration_load_devstate() (EINVAL)',
  }),
  vf_caps: le32({
    role: compatibility('superset'),
    control: 'device',
    hex: true,
    driver: compared,
  }),
  num_txq: le16({ role: [compatibility('equal'), within(1n, BigInt(QUEUES))], driver: compared }),
  num_rxq: le16({ role: [compatibility('equal'), within(1n, BigInt(QUEUES))], driver: compared }),
};

/** Where the queues stand; the first patches did not save it, and the vendor’s driver begins with it. */
const heads: Fields = {
  vsi_id: le16({ doc: 'replaced in the messages by that of the destination' }),
  rx_head: array(QUEUES, le16(), { control: 'device', doc: 'next descriptor of each queue' }),
  tx_head: array(QUEUES, le16(), { control: 'device', doc: 'next descriptor of each queue' }),
};

const messages: Fields = { virtchnl_msgs: repeat(slot, 'slot') };

const adminQueue = struct({
  bal: le32({ hex: true }),
  bah: le32({ hex: true }),
  len: le32({ hex: true }),
  head: le32(),
  tail: le32(),
});

/** The registers, without the first, and a state of the physical function behind them. */
const image = (state: Fields): Layout =>
  struct(
    {
      dyn_ctln: array(16, le32({ hex: true })),
      intr0: array(3, le32({ hex: true })),
      intrn: array(3, array(16, le32({ hex: true }))),
      asq: adminQueue,
      arq: adminQueue,
      rx_tail: array(QUEUES, le32()),
      dev_state: struct(state, { control: 'driver' }),
    },
    { control: 'guest' },
  );

/** A state that begins with its magic, and one that has the registers before it. */
const withMagic = (behind: Fields): Layout =>
  struct(
    {
      begin: le32({
        names: { ICE_MIG_DEVSTAT_MAGIC },
        hex: true,
        doc: 'the register dyn_ctl0, or the magic where the registers are left out',
      }),
      state: choice(
        'begin',
        { ICE_MIG_DEVSTAT_MAGIC: struct(behind) },
        image({ magic: le32({ role: magic(ICE_MIG_DEVSTAT_MAGIC), driver: compared }), ...behind }),
      ),
    },
    { control: 'driver' },
  );

const vendors: Fields = { ...heads, align: bytes(6, { zero: true }), ...messages };

const REGISTERS = 1336;
const start = Uint8Array.of(1, 0, 0, 0xe8, 1, 0, 0, 0);
/** VERSION, which a driver sends first: opcode 1, 8 bytes, major version 1. */
const firstSlot = Uint8Array.of(1, 0, 0, 0, 8, 0, 1, 0, 0, 0);

const holds = (head: Uint8Array, at: number, wanted: Uint8Array): boolean =>
  head.length >= at + wanted.length && wanted.every((byte, index) => head[at + index] === byte);

/** Where the messages of the first patches begin, and what a list without one makes of total_size. */
const EARLY = 24;
const EARLY_EMPTY = Uint8Array.of(EARLY + 8, 0, 0, 0, 0, 0, 0, 0);
const isEarly = (head: Uint8Array, at: number): boolean =>
  stateAt(head, at) !== undefined &&
  (holds(head, at + EARLY, firstSlot) || holds(head, at + 8, EARLY_EMPTY));

/** Where the messages of the vendor’s driver begin. */
const VENDORS = 1032;
const isVendors = (head: Uint8Array, at: number): boolean =>
  !holds(head, at, start.subarray(0, 4)) && holds(head, at + VENDORS, firstSlot);

/** Whether the part of the physical function begins at an offset. */
const stateAt = (head: Uint8Array, at: number): Likeness | undefined => {
  const seen = Math.min(head.length - at, start.length);
  const equal = start.filter((byte, index) => head[at + index] === byte).length;
  if (seen >= 4 && equal === seen) return seen === 8 ? 'certain' : 'likely';
  if (head.length < at + 24 || equal < 6) return undefined;
  // total_size fits into 128 KiB, and the numbers of queues are numbers of queues.
  const small = [3, 4, 5, 6, 7].every((index) => head[at + 8 + index] === 0);
  const few = [20, 22].every(
    (index) => (head[at + index] ?? 0) > 0 && (head[at + index + 1] ?? 2) <= 1,
  );
  const magicStands = start.subarray(0, 4).every((byte, index) => head[at + index] === byte);
  return few && (small || magicStands) ? 'damaged' : undefined;
};

export const ice = defineFormat({
  id: 'ice',
  title: 'Intel E800 virtual function (ice-vfio-pci, series of 2023)',
  source:
    'netdev, “Add E800 live migration driver” (2023): struct ice_vfio_pci_migration_data, struct ice_migration_dev_state',
  summary: `
The registers of the virtual function in 1336 bytes, and then what its physical function knows of it:
numbers of queues, where the queues stand, and the messages which the guest's driver has sent. The
destination takes the messages one by one, as if the guest sent them again. A slot with the opcode
zero ends them; behind it the buffer is empty. A state may also have the second part alone. The first
patches of the series did not save where the queues stand; a driver that the vendor gave out later
saves that and the messages, and nothing that tells or measures the state. A state of theirs is known
by its first message. The series was not merged.`,
  layout: withMagic({ ...sizes, ...heads, ...messages }),
  forms: [
    {
      title: 'the first patches: nothing on where the queues stand',
      layout: withMagic({ ...sizes, ...messages }),
      tells: (head) => isEarly(head, 0) || isEarly(head, REGISTERS),
      sample: iceEarly(),
    },
    {
      title: 'the vendor’s driver outside the kernel: no magic, sizes and counts',
      layout: struct(
        { begin: le32({ hex: true, doc: 'the register dyn_ctl0' }), state: image(vendors) },
        { control: 'driver' },
      ),
      tells: (head) => isVendors(head, REGISTERS),
      sample: iceVendors(),
    },
    {
      title: 'the same without the registers',
      layout: struct({ state: struct(vendors) }, { control: 'driver' }),
      tells: (head) => isVendors(head, 0),
      sample: iceVendorsAlone(),
    },
  ],
  pci: ['8086:1889'],
  drivers: ['ice_vfio_pci'],
  marked: true,
  identity: `
num_txq and num_rxq must equal those of the destination, and vf_caps must be a subset of its own. The
device, its firmware and its package (DDP) have to be compared out of band.`,
  sample: iceSample,
  recognise: (head) => {
    if (isVendors(head, 0) || isVendors(head, REGISTERS)) return 'likely';
    const alone = stateAt(head, 0);
    const behind = stateAt(head, REGISTERS);
    return alone === 'certain' || behind === undefined ? alone : behind;
  },
  invariants: iceInvariants,
});
