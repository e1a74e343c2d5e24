import { nvmfData, pair, spdkImage, type Fields } from '../../src/formats/spdk-nvme-sample.ts';
import { spdkNvme } from '../../src/formats/spdk-nvme.ts';
import { joined, patched, written, type Streams } from './edit.ts';

const write = written(spdkNvme);
const image = (header: Fields = {}, ...pairs: readonly Fields[]): Uint8Array =>
  write(spdkImage(header, pairs.length === 0 ? undefined : pairs));
const withSecond = (sq: Fields = {}, cq: Fields = {}): Uint8Array =>
  image({}, pair(0n), pair(1n, sq, cq));
const sound = image();

export const spdkNvmeStreams: Streams = {
  'one-io-queue.bin': sound,
  'three-io-queues.bin': image({}, pair(0n), pair(1n), pair(2n), pair(3n)),
  'shared-completion-queue.bin': image(
    {},
    pair(0n),
    pair(1n),
    pair(2n, { cqid: 1n }, { cqid: 1n, iv: 1n, dma_addr: 0x1001_8000n }),
  ),
  'shared-completion-queue-larger.bin': image(
    {},
    pair(0n),
    pair(1n),
    pair(2n, { cqid: 1n }, { cqid: 1n, iv: 1n, size: 2049n, dma_addr: 0x1001_8000n }),
  ),

  'magic-damaged.bin': patched(sound, 3, 0xae),
  'version-7.bin': patched(sound, 4, 7),
  'one-byte-less.bin': sound.subarray(0, sound.length - 1),
  'one-byte-more.bin': joined(sound, Uint8Array.of(0)),
  'cut-in-header.bin': sound.subarray(0, 200),
  'cut-in-queue-pairs.bin': sound.subarray(0, 0x2040),
  'data-in-unused-header.bin': patched(sound, 4000, 1),
  'data-behind-config-space.bin': patched(sound, 0xa000, 1),

  'controller-offset-past-end.bin': image({ nvmf_data_offset: 0xb000n }),
  'controller-offset-largest.bin': image({ nvmf_data_offset: (1n << 64n) - 1n }),
  'controller-length-4097.bin': image({ nvmf_data_len: 4097n }),
  'queue-pairs-overlap-header.bin': image({ qp_offset: 0n }),
  'queue-pairs-length-113.bin': patched(sound, 0xb8, 0x71),
  'queue-pairs-length-of-513.bin': patched(sound, 0xb8, 0x38, 0x70),
  'queue-pairs-length-largest.bin': patched(sound, 0xb8, ...new Array<number>(8).fill(0xff)),
  'doorbells-offset-0.bin': image({ bar0_offset: 0n }),
  'doorbells-length-1-mib.bin': image({ bar0_len: 1n << 20n }),
  'bar-1-present.bin': patched(sound, 0x19, 0x10),
  'queue-count-wrong.bin': image({ num_io_queues: 3n }),

  'data-size-1577.bin': image({ nvmf_data: nvmfData({ data_size: 1577n }) }),
  'event-commands-255.bin': image({ nvmf_data: nvmfData({ num_aer_cids: 255n }) }),
  'events-257.bin': image({ nvmf_data: nvmfData({ num_async_events: 257n }) }),
  'admin-queue-elsewhere.bin': image({ nvmf_data: nvmfData({}, { asq: 0x2000_0000n }) }),

  'queue-id-misplaced.bin': withSecond({ sqid: 2n }),
  'completion-queue-512.bin': withSecond({ cqid: 512n }, { cqid: 512n }),
  'completion-queue-mismatch.bin': withSecond({}, { cqid: 0n }),
  'head-past-end.bin': withSecond({ head: 32n }),
  'tail-past-end.bin': withSecond({}, { tail: 32n }),
  'phase-2.bin': withSecond({}, { phase: 2n }),
  'queue-size-1.bin': withSecond({ size: 1n }),
  'queue-size-0.bin': withSecond({ size: 0n }),
  'queue-not-there.bin': withSecond({ size: 0n, dma_addr: 0n }, { size: 0n, dma_addr: 0n }),
  'queue-size-largest.bin': withSecond({ size: 0xffff_ffffn, dma_addr: 0x10_0000_0000n }),
  'queue-misaligned.bin': withSecond({ dma_addr: 0x1001_0008n }),
  'queue-at-the-last-page.bin': withSecond({ dma_addr: (1n << 57n) - 4096n }),
  'queue-past-57-bits.bin': withSecond({ dma_addr: 1n << 57n }),
  'queue-wraps.bin': withSecond({ size: 128n, dma_addr: (1n << 64n) - 4096n }),
  'queues-overlap.bin': withSecond({ dma_addr: 0x1000_0000n }),
  'doorbell-past-end.bin': image({
    doorbells: [0n, 0n, 32n, ...new Array<bigint>(1021).fill(0n)],
  }),
  'shadow-doorbells-flag-2.bin': image({ sdbl: 2n }),
};
