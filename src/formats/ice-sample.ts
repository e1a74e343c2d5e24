import type { Draft } from '../layout/draft.ts';

export type Fields = Readonly<Record<string, Draft>>;

export const ICE_MIG_DEVSTAT_MAGIC = 0xe8000001n;
/** struct ice_migration_dev_state with its padding, and the terminator’s slot. */
const FIXED = 1056 + 8;

/** What a message takes in the list: its bytes, its header, and two bytes of padding. */
const SLOT = 8;

export interface Message {
  readonly opcode: string | bigint;
  /** Bytes of the message as the function sent it. */
  readonly data: Uint8Array;
  readonly pad?: Uint8Array;
  readonly msg_len?: bigint;
}

/** Numbers of 32 bits, one behind the other. */
export const u32 = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(values).buffer);

export const version: Message = { opcode: 'VIRTCHNL_OP_VERSION', data: u32(1, 1) };
export const resources: Message = { opcode: 'VIRTCHNL_OP_GET_VF_RESOURCES', data: u32(0x8_0000) };
export const enable: Message = { opcode: 'VIRTCHNL_OP_ENABLE_QUEUES', data: u32(5, 1, 1) };

/** One queue pair of 512 entries. */
export const queues = (tx = 0x1000_0000n, rx = 0x1001_0000n, entries = 512): Message => {
  const data = new Uint8Array(8 + 64);
  const view = new DataView(data.buffer);
  view.setUint16(0, 5, true);
  view.setUint16(2, 1, true);
  view.setUint16(8, 5, true);
  view.setUint16(12, entries, true);
  view.setBigUint64(16, tx, true);
  view.setUint16(32, 5, true);
  view.setUint32(36, entries, true);
  view.setUint32(44, 2048, true);
  view.setUint32(48, 1522, true);
  view.setBigUint64(56, rx, true);
  return { opcode: 'VIRTCHNL_OP_CONFIG_VSI_QUEUES', data };
};

const slot = ({ opcode, data, pad, msg_len }: Message): Fields => ({
  opcode,
  message: {
    ...(msg_len === undefined ? {} : { msg_len }),
    msg_buffer: data,
    ...(pad === undefined ? {} : { pad }),
  },
});

const end: Fields = { opcode: 0n };

/** What the first patches saved: sizes and counts, and the messages. */
const early = (messages: readonly Message[], changed: Fields): Fields => ({
  total_size: BigInt(messages.reduce((sum, { data }) => sum + data.length + SLOT, 24 + SLOT)),
  vf_caps: 3n,
  num_txq: 16n,
  num_rxq: 16n,
  virtchnl_msgs: [...messages.map(slot), end],
  ...changed,
});

/** A state of the first patches. */
export const iceEarly = (
  messages: readonly Message[] = [version],
  changed: Fields = {},
): Fields => ({ begin: 'ICE_MIG_DEVSTAT_MAGIC', state: early(messages, changed) });

/** The same behind the registers. */
export const iceEarlyImage = (messages: readonly Message[], changed: Fields = {}): Fields => ({
  begin: 0n,
  state: { dev_state: early(messages, changed) },
});

const vendors = (messages: readonly Message[], changed: Fields): Fields => ({
  vsi_id: 5n,
  virtchnl_msgs: [...messages.map(slot), end],
  ...changed,
});

/** A state of the vendor’s driver: registers, where the queues stand, and the messages. */
export const iceVendors = (
  messages: readonly Message[] = [version],
  changed: Fields = {},
  registers: Fields = {},
): Fields => ({ begin: 0n, state: { ...registers, dev_state: vendors(messages, changed) } });

export const iceVendorsAlone = (
  messages: readonly Message[] = [version],
  changed: Fields = {},
): Fields => ({ state: vendors(messages, changed) });

/** The part of the physical function: what it knows of the function, and the messages. */
export const devState = (
  messages: readonly Message[] = [version],
  changed: Fields = {},
): Fields => ({
  total_size: BigInt(messages.reduce((sum, { data }) => sum + data.length + SLOT, FIXED)),
  vf_caps: 3n,
  num_txq: 16n,
  num_rxq: 16n,
  vsi_id: 5n,
  virtchnl_msgs: [...messages.map(slot), end],
  ...changed,
});

/** The part of the physical function alone. */
export const iceState = (messages?: readonly Message[], changed: Fields = {}): Fields => ({
  begin: 'ICE_MIG_DEVSTAT_MAGIC',
  state: devState(messages, changed),
});

/** Registers and the part of the physical function. */
export const iceImage = (
  messages?: readonly Message[],
  changed: Fields = {},
  registers: Fields = {},
): Fields => ({
  begin: 0n,
  state: { ...registers, dev_state: devState(messages, changed) },
});

/** A function whose driver has told its version, and nothing else. */
export const iceSample: Draft = iceState();
