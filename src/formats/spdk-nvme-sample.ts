import type { Draft } from '../layout/draft.ts';

export type Fields = Readonly<Record<string, Draft>>;

export const VFIO_USER_NVME_MIGR_MAGIC = 0xafedbc23n;
/** NVMF_VFIO_USER_MAX_QPAIRS_PER_CTRLR */
export const MOST_PAIRS = 512;
export const PAIR = 56;
export const IMAGE = 0xb000;

/** A queue pair of 32 entries each, as the guest has just set it up. */
export const pair = (id: bigint, sq: Fields = {}, cq: Fields = {}): Fields => ({
  sq: { sqid: id, cqid: id, size: 32n, dma_addr: 0x1000_0000n + 0x1_0000n * id, ...sq },
  cq: {
    cqid: id,
    phase: 1n,
    size: 32n,
    iv: id,
    ien: 1n,
    dma_addr: 0x1000_8000n + 0x1_0000n * id,
    ...cq,
  },
});

const registers = (changed: Fields = {}): Fields => ({
  cap: 0x20_0f01_00ffn,
  vs: 0x1_0400n,
  cc: 0x46_0001n,
  csts: 1n,
  aqa: 0x1f_001fn,
  asq: 0x1000_0000n,
  acq: 0x1000_1000n,
  ...changed,
});

export const nvmfData = (changed: Fields = {}, regs: Fields = {}): Fields => ({
  regs: registers(regs),
  cntlid: 1n,
  num_aer_cids: 1n,
  aer_cids: [7n, 0n, 0n, 0n],
  ...changed,
});

/** What the header, its parts and the config space add up to without queue pairs. */
const FIXED = 4 * 4096;

/** A whole image; `header` are fields that differ, and what is left out is filled up to its length. */
export const spdkImage = (
  header: Fields = {},
  qps: readonly Draft[] = [pair(0n), pair(1n)],
): Fields => ({
  num_io_queues: BigInt(qps.length - 1),
  nvmf_data: nvmfData(),
  qps,
  cfg: { vendor_id: 0x4e58n, device_id: 1n },
  rest: new Uint8Array(Math.max(IMAGE - FIXED - PAIR * qps.length, 0)),
  ...header,
});

/** An admin queue and one I/O queue. */
export const spdkNvmeSample: Draft = spdkImage();
