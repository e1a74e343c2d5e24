import { hisiAcc } from '../../src/formats/hisi-acc.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { joined, written, type Streams } from './edit.ts';

type Fields = Readonly<Record<string, Draft>>;

const write = written(hisiAcc);

const V1 = 'ACC_DEV_MAGIC_V1';

const match = (changed: Fields = {}): Fields => ({
  qp_num: 64n,
  dev_id: 'PCI_DEVICE_ID_HUAWEI_SEC_VF',
  qp_base: 64n,
  ...changed,
});

/** A function in use; first what identifies it, then its registers. */
const state = (changed: Fields = {}, registers: Fields = {}): Uint8Array =>
  write({
    ...match(changed),
    registers: {
      ifc_int_source: 1n,
      page_size: '16K',
      qm_eqc_dw: [0x10n, 0x8000_1000n, 1n, 0n, 0n, 0n, 0n],
      qm_aeqc_dw: [0x20n, 0x8000_2000n, 1n, 0n, 0n, 0n, 0n],
      eqe_dma: 0x1_8000_1000n,
      aeqe_dma: 0x1_8000_2000n,
      sqc_dma: 0x1_8000_3000n,
      cqc_dma: 0x1_8000_4000n,
      ...registers,
    },
  });

/** The addresses of the event queues as writers of the first magic put them together. */
const legacyAddresses = { eqe_dma: 0x8000_1000_0000_0010n, aeqe_dma: 0x8000_2000_0000_0020n };

const second = state();
const first = state({ acc_magic: V1 }, legacyAddresses);

export const hisiAccStreams: Streams = {
  'second-magic.bin': second,
  'first-magic.bin': first,
  'match-part-of-ready-function.bin': second.subarray(0, 40),
  'match-part-of-idle-function.bin': write(match({ vf_qm_state: 'QM_NOT_READY' })),
  'minor-version-1.bin': state({ minor_ver: 1n }),

  'magic-damaged.bin': state({ acc_magic: 0xaaccfeeddecadedfn }),
  'first-magic-on-second-layout.bin': state({ acc_magic: V1, major_ver: 1n }),
  'second-magic-on-first-layout.bin': state({ major_ver: 0n }, legacyAddresses),
  'major-version-2.bin': state({ major_ver: 2n }),
  'device-id-unknown.bin': state({ dev_id: 0xa250n }),
  'queues-none.bin': state({ qp_num: 0n }),
  'queues-1025.bin': state({ qp_num: 1025n }, { cqc_dma: 0x1_8001_0000n }),
  'first-queue-past-hardware.bin': state({ qp_base: 0xffff_ffffn }),
  'function-state-2.bin': state({ vf_qm_state: 2n }),
  'reserved-state-set.bin': state({ qm_rsv_state: [0n, 1n] }),
  'reserved-state-of-first-magic-set.bin': state({ acc_magic: V1, minor_ver: 1n }, legacyAddresses),

  'cut-in-match-part.bin': second.subarray(0, 39),
  'cut-behind-match-part-by-one.bin': second.subarray(0, 41),
  'cut-before-addresses.bin': second.subarray(0, 144),
  'cut-by-one-byte.bin': second.subarray(0, 175),
  'one-byte-more.bin': joined(second, Uint8Array.of(0)),

  'reserved-register-set.bin': state({}, { qm_rsv_regs: [0n, 0n, 0n, 0n, 1n] }),
  'padding-set.bin': state({}, { padding: 1n }),
  'page-size-in-bytes.bin': state({}, { page_size: 65536n }),
  'page-size-3.bin': state({}, { page_size: 3n }),
  'event-queue-address-zero.bin': state({}, { eqe_dma: 0n }),
  'send-queue-address-zero.bin': state({}, { sqc_dma: 0n }),
  'completion-queue-address-zero.bin': state({}, { cqc_dma: 0n }),
  'event-queue-contradicts-registers.bin': state({}, { eqe_dma: 0x1_9000_1000n }),
  'async-event-queue-contradicts-registers.bin': state({}, { aeqe_dma: 0x1_9000_2000n }),
  'event-queue-contradicts-registers-of-first-magic.bin': state(
    { acc_magic: V1 },
    { ...legacyAddresses, eqe_dma: 0x1_8000_1000n },
  ),
  'event-queue-at-end-of-address-space.bin': state(
    {},
    {
      qm_eqc_dw: [0x10n, 0xffff_f000n, 0xffff_ffffn, 0n, 0n, 0n, 0n],
      eqe_dma: 0xffff_ffff_ffff_f000n,
    },
  ),
  'send-queue-wraps.bin': state({}, { sqc_dma: 0xffff_ffff_ffff_ffe0n }),
  'send-queue-misaligned.bin': state({}, { sqc_dma: 0x1_8000_3008n }),
  'queues-overlap.bin': state({}, { cqc_dma: 0x1_8000_3020n }),
  'idle-function-with-registers.bin': state({ vf_qm_state: 'QM_NOT_READY' }),
};
