import type { Draft } from '../layout/draft.ts';
import { child, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';

const DRIVER = 'linux drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c';

export const ACC_DEV_MAGIC_V1 = 0xcdcdcdcdfeedaaccn;
export const ACC_DEV_MAGIC_V2 = 0xaaccfeeddecadeden;

/** Bytes of one send or completion queue context: linux include/linux/hisi_acc_qm.h. */
const CONTEXT_SIZE = 32n;
/** The SMMU of these systems translates no more input bits: Arm SMMUv3, 3.4.1. */
const IOVA_BITS = 52n;
const QM_READY = 0n;
/** Pages of 4, 16 and 64 KiB: by their number, their exponent and their bytes. */
const pageSizes: ReadonlySet<bigint> = new Set([
  ...[0n, 1n, 2n],
  ...[12n, 14n, 16n],
  ...[4096n, 16384n, 65536n],
]);

type Fields = Readonly<Record<string, Draft>>;

/** A function in use, as the driver saves it since its second magic. */
const state = (match: Fields = {}, registers: Fields = {}): Fields => ({
  qp_num: 64n,
  dev_id: 'PCI_DEVICE_ID_HUAWEI_SEC_VF',
  qp_base: 64n,
  ...match,
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

export const hisiAccSample: Draft = state();

/** The same as writers of the first magic saved it, with the event queues' addresses shifted. */
const legacy: Fields = state(
  { acc_magic: ACC_DEV_MAGIC_V1 },
  { eqe_dma: 0x8000_1000_0000_0010n, aeqe_dma: 0x8000_2000_0000_0020n },
);

const matchOnly = (fields: Fields): Fields => {
  const { registers: _, ...match } = state(fields);
  return match;
};

interface Queue {
  readonly field: string;
  readonly start: bigint;
  readonly end: bigint;
}

const isLegacy = (root: Node): boolean => numberAt(root, 'acc_magic') === ACC_DEV_MAGIC_V1;

/** An event queue's address as the registers say it: base_h and base_l of the queue's context. */
const fromRegisters = (root: Node, registers: string): bigint | undefined => {
  const low = numberAt(root, `registers.${registers}[1]`);
  const high = numberAt(root, `registers.${registers}[2]`);
  return low === undefined || high === undefined ? undefined : (high << 32n) | low;
};

const eventQueues = [
  ['eqe_dma', 'qm_eqc_dw'],
  ['aeqe_dma', 'qm_aeqc_dw'],
] as const;

/** The address that a restore must use, which for the first magic is not the one in the field. */
const addressOf = (root: Node, field: string): bigint | undefined => {
  const event = eventQueues.find(([name]) => name === field);
  return event !== undefined && isLegacy(root)
    ? fromRegisters(root, event[1])
    : numberAt(root, `registers.${field}`);
};

/** Where the queues lie, as far as the state says; event queues hold at least one entry. */
function* queuesOf(root: Node): Generator<Queue> {
  const contexts = CONTEXT_SIZE * (numberAt(root, 'qp_num') ?? 1n);
  const sizes = { eqe_dma: 4n, aeqe_dma: 16n, sqc_dma: contexts, cqc_dma: contexts };
  for (const [field, size] of Object.entries(sizes)) {
    const start = addressOf(root, field);
    if (start !== undefined && start !== 0n) yield { field, start, end: start + size };
  }
}

const invariant = (
  given: Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
    readonly cwe?: string;
    readonly threats?: Invariant['threats'];
    readonly good?: Draft;
    readonly bad: Draft;
    readonly check: (root: Node) => Iterable<Breach>;
  },
): Invariant => {
  const { good = hisiAccSample, bad, check, ...rest } = given;
  return {
    cwe: 'CWE-1288',
    threats: ['guest', 'feeder', 'corruption'],
    ...rest,
    examples: () => ({ good: [good], bad: [bad] }),
    watch: perUnit(check),
  };
};

export const hisiAccInvariants: readonly Invariant[] = [
  invariant({
    id: 'hisi-acc-event-queue-contradicts-registers',
    title: 'Address of an event queue is not the one in its registers',
    severity: 'high',
    rationale: `
The driver saves the address twice: in the registers of the queue's context, and put together from
them. When the two differ, one was changed on the way, and a restore that uses both programs the
device with one address and the driver with another. Writers of the first magic put other registers
together (CVE-2025-38158); for them their own sum is expected.`,
    advice: 'Compute the addresses from the registers, and refuse a state in which they differ.',
    sources: [
      `${DRIVER}: vf_qm_get_match_data(), vf_qm_read_data()`,
      'linux 8bb7170c5a05: hisi_acc_vfio_pci: fix XQE dma address error (CVE-2025-38158)',
    ],
    bad: state({}, { eqe_dma: 0x1_9000_1000n }),
    *check(root) {
      for (const [field, registers] of eventQueues) {
        const saved = numberAt(root, `registers.${field}`);
        const right = fromRegisters(root, registers);
        const first = numberAt(root, `registers.${registers}[0]`);
        if (saved === undefined || right === undefined || first === undefined) continue;
        const low = BigInt.asUintN(32, right);
        const wanted = isLegacy(root) ? (low << 32n) | first : right;
        if (saved === wanted) continue;
        yield {
          field: child(root, `registers.${field}`),
          against: child(root, `registers.${registers}`),
          message: `${field} is 0x${saved.toString(16)}, its registers say 0x${wanted.toString(16)}`,
          expected: `0x${wanted.toString(16)}`,
        };
      }
    },
  }),
  invariant({
    id: 'hisi-acc-legacy-addresses',
    title: 'Written by a driver that saved wrong addresses',
    severity: 'low',
    threats: ['version'],
    rationale: `
States with the first magic hold the event queues' addresses shifted by one register. A driver since
Linux 6.16 knows and computes them again; an older one programs them as they are, and the device
writes events to an address that the guest never gave (CVE-2025-38158).`,
    advice: 'Compute both addresses from the registers when the magic is the first one.',
    sources: ['linux 8bb7170c5a05: hisi_acc_vfio_pci: fix XQE dma address error (CVE-2025-38158)'],
    bad: legacy,
    *check(root) {
      const field = child(root, 'acc_magic');
      if (!isLegacy(root) || child(root, 'registers') === undefined) return;
      yield {
        field,
        message: 'the event queues’ addresses are not the guest’s, and are to be computed again',
      };
    },
  }),
  invariant({
    id: 'hisi-acc-dma-address-zero',
    title: 'Function in use without the address of a queue',
    severity: 'high',
    rationale: `
A guest driver that made the function ready gave it all four queues. An address of zero says that
there was none, while the state says that the function is ready; restoring such a state once made
the driver use queues that were not there (CVE-2025-38283).`,
    advice: 'Refuse a ready function without all four addresses.',
    cwe: 'CWE-476',
    sources: [
      `${DRIVER}: vf_qm_load_data()`,
      'linux 2777a40998de: hisi_acc_vfio_pci: bugfix live migration function without VF device driver (CVE-2025-38283)',
    ],
    bad: state({}, { sqc_dma: 0n }),
    *check(root) {
      if (numberAt(root, 'vf_qm_state') !== QM_READY) return;
      for (const field of ['eqe_dma', 'aeqe_dma', 'sqc_dma', 'cqc_dma']) {
        if (numberAt(root, `registers.${field}`) !== 0n) continue;
        yield {
          field: child(root, `registers.${field}`),
          against: child(root, 'vf_qm_state'),
          message: `${field} is 0, but the function is ready`,
        };
      }
    },
  }),
  invariant({
    id: 'hisi-acc-dma-address-out-of-reach',
    title: 'Queue lies beyond what the IOMMU can translate',
    severity: 'high',
    cwe: 'CWE-822',
    rationale: `
The SMMU takes addresses of at most ${IOVA_BITS} bits, so no guest can have a queue beyond. Such an
address was made up or damaged, and one near the end of 64 bits makes address plus size wrap.`,
    advice: 'Compare every address and its end with the memory of the guest before programming it.',
    sources: ['Arm SMMUv3: input address size'],
    bad: state({}, { cqc_dma: 0xffff_ffff_ffff_f000n }),
    *check(root) {
      for (const { field, end } of queuesOf(root)) {
        if (end <= 1n << IOVA_BITS) continue;
        yield {
          field: child(root, `registers.${field}`),
          message: `${field} ends at 0x${end.toString(16)}`,
          expected: `below 2^${IOVA_BITS}`,
        };
      }
    },
  }),
  invariant({
    id: 'hisi-acc-dma-overlap',
    title: 'Two queues use the same memory',
    severity: 'high',
    rationale: `
The device keeps the contexts of all send queues in one area and those of all completion queues in
another, and writes events to two more. Where two of them overlap, the device overwrites its own
contexts: the addresses of every buffer that it will use next.`,
    advice: 'Refuse a state whose queues are not apart.',
    sources: ['linux drivers/crypto/hisilicon/qm.c: hisi_qm_memory_init()'],
    bad: state({}, { cqc_dma: 0x1_8000_3000n }),
    *check(root) {
      const queues = [...queuesOf(root)].sort((one, other) => (one.start < other.start ? -1 : 1));
      for (const [index, queue] of queues.entries()) {
        const before = queues[index - 1];
        if (before === undefined || queue.start >= before.end) continue;
        yield {
          field: child(root, `registers.${queue.field}`),
          against: child(root, `registers.${before.field}`),
          message: `${queue.field} begins at 0x${queue.start.toString(16)}, inside ${before.field}`,
        };
      }
    },
  }),
  invariant({
    id: 'hisi-acc-page-size-undefined',
    title: 'Page size register has a value without a meaning',
    severity: 'high',
    confidence: 'likely',
    rationale: `
A page has 4, 16 or 64 KiB. Drivers write 0, 1 or 2 for them; the size itself and its exponent are let
pass, because the register is not documented. Any other value names no page that a guest can have, and
what the device takes for a page then is not known.`,
    advice: 'Refuse a page size that the driver would not write itself.',
    sources: ['linux drivers/crypto/hisilicon/qm.c: qm_cmd_init(), PAGE_SIZE'],
    bad: state({}, { page_size: 3n }),
    *check(root) {
      const size = numberAt(root, 'registers.page_size');
      if (size === undefined || pageSizes.has(size)) return;
      yield {
        field: child(root, 'registers.page_size'),
        message: `page_size is ${size}`,
        expected: '0, 1 or 2, or a page of 4, 16 or 64 KiB',
      };
    },
  }),
  invariant({
    id: 'hisi-acc-registers-missing',
    title: 'Function in use without its registers',
    severity: 'low',
    confidence: 'possible',
    threats: ['corruption'],
    cwe: 'CWE-130',
    rationale: `
The first 40 bytes alone are the state of a function whose guest has no driver. When they also say
that the function is ready, the rest may have been lost after PRE_COPY; or PRE_COPY sent them before
the driver looked at the function.`,
    advice: 'Refuse to leave RESUMING with 40 bytes unless the function is not ready.',
    sources: [`${DRIVER}: vf_qm_load_data(), QM_MATCH_SIZE`],
    good: matchOnly({ vf_qm_state: 'QM_NOT_READY' }),
    bad: matchOnly({ vf_qm_state: 'QM_READY' }),
    *check(root) {
      const field = child(root, 'vf_qm_state');
      const complete = child(root, 'qm_rsv_state[1]') !== undefined;
      if (!complete || field?.value !== QM_READY || child(root, 'registers') !== undefined) return;
      yield { field, message: 'the function is ready, but the state ends before its registers' };
    },
  }),
  invariant({
    id: 'hisi-acc-registers-of-idle-function',
    title: 'Function that is not ready has registers',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    rationale: `
A function that is not ready is saved as its first 40 bytes. With registers behind them, either the
state word was changed, or registers were made up for a function that has none.`,
    advice: 'Refuse registers for a function that is not ready.',
    sources: [`${DRIVER}: vf_qm_state_save()`],
    bad: state({ vf_qm_state: 'QM_NOT_READY' }),
    *check(root) {
      const field = child(root, 'vf_qm_state');
      if (field?.value !== 1n || child(root, 'registers') === undefined) return;
      yield { field, message: 'the function is not ready, but the state holds its registers' };
    },
  }),
  invariant({
    id: 'hisi-acc-minor-version-newer',
    title: 'Minor version that no driver writes yet',
    severity: 'low',
    threats: ['version'],
    rationale: `
The driver compares the major version alone, so a newer minor version is taken and its additions are
lost. All drivers so far write 0.`,
    advice: 'Log a newer minor version.',
    sources: [`${DRIVER}: vf_qm_version_check()`],
    bad: state({ minor_ver: 1n }),
    *check(root) {
      const field = child(root, 'minor_ver');
      if (isLegacy(root) || typeof field?.value !== 'bigint' || field.value === 0n) return;
      yield { field, message: `minor_ver is ${field.value}`, expected: '0' };
    },
  }),
];
