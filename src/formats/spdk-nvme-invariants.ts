import type { Draft } from '../layout/draft.ts';
import { child, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import {
  IMAGE,
  MOST_PAIRS,
  nvmfData,
  PAIR,
  pair,
  spdkImage,
  spdkNvmeSample,
} from './spdk-nvme-sample.ts';

const SPDK = 'spdk lib/nvmf/vfio_user.c';
const SQ_ENTRY = 64n;
const CQ_ENTRY = 16n;
/** Five levels of page tables, the most that an IOMMU has. */
const ADDRESS_BITS = 57n;

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly good?: Draft;
  readonly bad: Draft;
};

const invariant = (
  { good = spdkNvmeSample, bad, ...given }: Given,
  check: (root: Node) => Iterable<Breach>,
): Invariant => ({
  cwe: 'CWE-1288',
  threats: ['guest', 'feeder', 'corruption'],
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
  watch: perUnit(check),
});

interface Queue {
  readonly node: Node;
  /** `submission queue 1` */
  readonly name: string;
  readonly size: bigint;
  /** Where the device takes or puts the next entry, and the name of the field. */
  readonly at: bigint;
  readonly field: string;
  readonly start: bigint;
  readonly end: bigint;
  /** Its place among the doorbells. */
  readonly doorbell: number;
}

const pairsOf = (root: Node): readonly Node[] => child(root, 'qps')?.children ?? [];

/** The queues that are there, two for each pair. */
function* queuesOf(root: Node): Generator<Queue> {
  for (const [index, node] of pairsOf(root).entries()) {
    for (const [kind, field, entry] of [
      ['sq', 'head', SQ_ENTRY],
      ['cq', 'tail', CQ_ENTRY],
    ] as const) {
      const queue = child(node, kind);
      const size = numberAt(node, `${kind}.size`);
      const start = numberAt(node, `${kind}.dma_addr`);
      const at = numberAt(node, `${kind}.${field}`);
      if (queue === undefined || size === undefined || start === undefined || at === undefined) {
        continue;
      }
      if (size === 0n) continue;
      yield {
        node: queue,
        name: `${kind === 'sq' ? 'submission' : 'completion'} queue ${index}`,
        size,
        at,
        field,
        start,
        end: start + size * entry,
        doorbell: 2 * index + (kind === 'sq' ? 0 : 1),
      };
    }
  }
}

/** Pairs may name one completion queue; each says how large it is. */
const isShared = (one: Queue, other: Queue): boolean =>
  one.field === 'tail' &&
  other.field === 'tail' &&
  one.start === other.start &&
  numberAt(one.node, 'cqid') === numberAt(other.node, 'cqid');

export const spdkNvmeInvariants: readonly Invariant[] = [
  invariant(
    {
      id: 'spdk-nvme-image-length',
      title: 'Image is shorter or longer than every image is',
      severity: 'high',
      cwe: 'CWE-1284',
      threats: ['corruption', 'feeder'],
      rationale: `
Every image has 45056 bytes, whatever is in it, and the restore path refuses another length before
it looks at the first field.`,
      advice: 'Refuse an image of another length before anything in it is used.',
      sources: [
        `${SPDK}: vfio_user_migr_data_len(), vfio_user_migration_device_state_transition()`,
      ],
      bad: spdkImage({ rest: new Uint8Array(8) }),
    },
    function* (root) {
      if (root.layout === 'gap' || root.length === IMAGE) return;
      yield { message: `the image has ${root.length} bytes`, expected: `${IMAGE}` };
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-too-many-queue-pairs',
      title: 'More queue pairs than a controller can have',
      severity: 'high',
      threats: ['feeder', 'corruption'],
      cwe: 'CWE-787',
      rationale: `
The list of pairs is copied into an array of 512. Its length comes from the image, so a restore path
has to compare it with the array before the copy.`,
      advice: 'Refuse a length of the queue pairs beyond 512 of them.',
      sources: [`${SPDK}: struct vfio_user_nvme_migr_state, NVMF_VFIO_USER_MAX_QPAIRS_PER_CTRLR`],
      bad: spdkImage(
        {},
        Array.from({ length: 513 }, (_, index) =>
          pair(BigInt(index), { size: 0n, dma_addr: 0n }, { size: 0n, iv: 0n, dma_addr: 0n }),
        ),
      ),
    },
    function* (root) {
      const length = numberAt(root, 'qp_len') ?? 0n;
      const most = BigInt(MOST_PAIRS * PAIR);
      if (length <= most) return;
      yield {
        field: child(root, 'qp_len'),
        message: `qp_len is ${length}`,
        expected: `at most ${most}`,
      };
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queue-count-mismatch',
      title: 'Number of I/O queues is not that of the queue pairs',
      severity: 'high',
      cwe: 'CWE-1284',
      threats: ['corruption', 'feeder'],
      rationale: `
The list holds the admin queue and every I/O queue that was connected. A reader that goes by the
number reads pairs that were never sent, or leaves queues of the guest without a device.`,
      advice: 'Refuse an image whose number of I/O queues is not the number of pairs less one.',
      sources: [`${SPDK}: vfio_user_migr_ctrlr_save_data()`],
      bad: spdkImage({ num_io_queues: 3n }),
    },
    function* (root) {
      const wanted = numberAt(root, 'num_io_queues');
      const length = numberAt(root, 'qp_len');
      if (wanted === undefined || length === undefined) return;
      const pairs = length / BigInt(PAIR);
      if (length % BigInt(PAIR) === 0n && pairs === wanted + 1n) return;
      yield {
        field: child(root, 'num_io_queues'),
        against: child(root, 'qp_len'),
        message: `num_io_queues is ${wanted}, but qp_len is ${length}, which is ${pairs} pairs`,
        expected: `qp_len ${(wanted + 1n) * BigInt(PAIR)}`,
      };
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queue-id-misplaced',
      title: 'Queue pair is not in the place of its number',
      severity: 'high',
      cwe: 'CWE-129',
      rationale: `
Pairs stand in the order of their submission queues. The restore path refuses one whose number is not
its place.`,
      advice: 'Refuse a pair whose sqid is not its index.',
      sources: [`${SPDK}: vfio_user_migr_ctrlr_construct_qps() (EINVAL)`],
      bad: spdkImage({}, [pair(0n), pair(1n, { sqid: 2n })]),
    },
    function* (root) {
      for (const [index, at] of pairsOf(root).entries()) {
        const sqid = numberAt(at, 'sq.sqid');
        if (sqid === undefined || sqid === BigInt(index)) continue;
        yield {
          field: child(at, 'sq.sqid'),
          message: `sqid of pair ${index} is ${sqid}`,
          expected: `${index}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-completion-queue-mismatch',
      title: 'Submission queue completes into another queue than its pair says',
      severity: 'high',
      cwe: 'CWE-1288',
      rationale: `
Each pair carries the completion queue that its submission queue uses. With two numbers the restore
path sets up one queue and the device completes into another.`,
      advice: 'Refuse a pair whose two completion queue numbers differ.',
      sources: [`${SPDK}: vfio_user_migr_ctrlr_save_data()`],
      bad: spdkImage({}, [pair(0n), pair(1n, {}, { cqid: 0n })]),
    },
    function* (root) {
      for (const [index, at] of pairsOf(root).entries()) {
        const wanted = numberAt(at, 'sq.cqid');
        const got = numberAt(at, 'cq.cqid');
        if (wanted === undefined || got === undefined || wanted === got) continue;
        yield {
          field: child(at, 'cq.cqid'),
          against: child(at, 'sq.cqid'),
          message: `pair ${index} completes into queue ${wanted}, but carries queue ${got}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queue-index-past-end',
      title: 'Head or tail lies past the end of its queue',
      severity: 'critical',
      cwe: 'CWE-129',
      rationale: `
The device takes its next command at head and puts its next completion at tail, in memory of the
guest that was mapped for the size of the queue. An index beyond it is used in the server's own
address space.`,
      advice: 'Refuse a queue whose index is not below its size.',
      sources: [`${SPDK}: sq_head_advance(), cq_tail_advance()`],
      bad: spdkImage({}, [pair(0n), pair(1n, { head: 32n })]),
    },
    function* (root) {
      for (const { node, name, at, size, field } of queuesOf(root)) {
        if (at < size) continue;
        yield {
          field: child(node, field),
          against: child(node, 'size'),
          message: `${field} of ${name} is ${at}, its size ${size}`,
          expected: `below ${size}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-doorbell-past-end',
      title: 'Doorbell lies past the end of its queue',
      severity: 'high',
      cwe: 'CWE-129',
      rationale: `
The doorbell says how far the guest has filled or emptied the queue. The device goes on until it
meets it, which it never does when the value is not an index of the queue.`,
      advice: 'Compare each doorbell with the size of its queue before the device runs.',
      sources: ['NVM Express Base Specification 2.0, 3.3.1: queue tail and head'],
      bad: spdkImage({ doorbells: [0n, 0n, 32n, ...new Array<bigint>(1021).fill(0n)] }),
    },
    function* (root) {
      const doorbells = child(root, 'doorbells')?.children ?? [];
      for (const { node, name, size, doorbell } of queuesOf(root)) {
        const field = doorbells[doorbell];
        if (typeof field?.value !== 'bigint' || field.value < size) continue;
        yield {
          field,
          against: child(node, 'size'),
          message: `the doorbell of ${name} is ${field.value}, its size ${size}`,
          expected: `below ${size}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queue-size-one',
      title: 'Queue with fewer than two entries',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
A queue is empty when head and tail are equal and full one entry before, so one entry can never hold
a command. NVMe demands two at least. A size of zero says that there is no queue, which an address
beside it denies; the server maps nothing, and the device uses it all the same.`,
      advice: 'Refuse a queue of fewer than two entries.',
      sources: ['NVM Express Base Specification 2.0, 3.3.3: queue size'],
      bad: spdkImage({}, [pair(0n), pair(1n, { size: 1n })]),
    },
    function* (root) {
      for (const { node, name, size } of queuesOf(root)) {
        if (size !== 1n) continue;
        yield { field: child(node, 'size'), message: `${name} has one entry` };
      }
      for (const [index, at] of pairsOf(root).entries()) {
        for (const [kind, name] of [
          ['sq', 'submission'],
          ['cq', 'completion'],
        ] as const) {
          const start = numberAt(at, `${kind}.dma_addr`) ?? 0n;
          if (numberAt(at, `${kind}.size`) !== 0n || start === 0n) continue;
          yield {
            field: child(at, `${kind}.size`),
            against: child(at, `${kind}.dma_addr`),
            message: `${name} queue ${index} has no entries, but is at 0x${start.toString(16)}`,
          };
        }
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queue-wraps',
      title: 'Queue lies beyond what can be addressed',
      severity: 'high',
      cwe: 'CWE-190',
      rationale: `
An IOMMU translates at most ${ADDRESS_BITS} bits, so no guest has memory beyond them. Where address and
length of the queue together exceed 64 bits, a check of the end alone sees a small number and passes it.`,
      advice: 'Compute the end of a queue with a check for overflow, and refuse it.',
      sources: [`${SPDK}: map_one()`, 'CWE-190', 'Intel VT-d: paging of five levels'],
      bad: spdkImage({}, [pair(0n), pair(1n, { size: 128n, dma_addr: (1n << 64n) - 4096n })]),
    },
    function* (root) {
      for (const { node, name, start, end } of queuesOf(root)) {
        if (end <= 1n << ADDRESS_BITS) continue;
        yield {
          field: child(node, 'dma_addr'),
          message: `${name} is at 0x${start.toString(16)} and ${end - start} bytes long`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-queues-overlap',
      title: 'Queues overlap in the guest’s memory',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
The device writes completions over commands, or two queues share memory. No guest sets its queues up
so, and what happens then is up to the device. Submission queues may share one completion queue,
which is then the same in all their pairs.`,
      advice: 'Refuse queues whose memory is not apart.',
      sources: ['NVM Express Base Specification 2.0, 3.3.1'],
      bad: spdkImage({}, [pair(0n), pair(1n, { dma_addr: 0x1000_0000n })]),
    },
    function* (root) {
      const queues = [...queuesOf(root)].sort((one, other) =>
        one.start < other.start ? -1 : one.start > other.start ? 1 : 0,
      );
      let reach: Queue | undefined;
      for (const queue of queues) {
        if (reach !== undefined && queue.start < reach.end && !isShared(queue, reach)) {
          yield {
            field: child(queue.node, 'dma_addr'),
            against: child(reach.node, 'dma_addr'),
            message: `${queue.name} begins inside ${reach.name}`,
          };
        }
        if (reach === undefined || queue.end > reach.end) reach = queue;
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-admin-queue-contradicts-registers',
      title: 'Admin submission queue is not the one in the registers',
      severity: 'high',
      cwe: 'CWE-1288',
      rationale: `
The guest sets the admin queues up by the registers AQA, ASQ and ACQ, and the image holds them a
second time as the first queue pair. Where size or address differ, one of the two was changed.`,
      advice: 'Compare the first pair with AQA and ASQ, and refuse the image when they differ.',
      sources: ['NVM Express Base Specification 2.0, 3.1.3: AQA, ASQ'],
      bad: spdkImage({ nvmf_data: nvmfData({}, { asq: 0x2000_0000n }) }),
    },
    function* (root) {
      const aqa = numberAt(root, 'nvmf_data.regs.aqa');
      const asq = numberAt(root, 'nvmf_data.regs.asq');
      const admin = pairsOf(root)[0];
      if (aqa === undefined || asq === undefined || admin === undefined) return;
      for (const [field, wanted] of [
        ['sq.size', (aqa & 0xfffn) + 1n],
        ['cq.size', ((aqa >> 16n) & 0xfffn) + 1n],
        ['sq.dma_addr', asq],
      ] as const) {
        const got = numberAt(admin, field);
        if (got === undefined || got === wanted) continue;
        yield {
          field: child(admin, field),
          against: child(
            root,
            field === 'sq.dma_addr' ? 'nvmf_data.regs.asq' : 'nvmf_data.regs.aqa',
          ),
          message: `${field} of the admin queue is 0x${got.toString(16)}, its register says 0x${wanted.toString(16)}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'spdk-nvme-shadow-doorbells-unused',
      title: 'Shadow doorbells have an address, but are not in use',
      severity: 'low',
      cwe: 'CWE-1288',
      rationale: `
Zero is an address like any other, so sdbl alone says whether the guest set the buffers up. Addresses
beside a zero were left over, or the flag was changed.`,
      advice: 'Go by sdbl, and refuse addresses where it is zero.',
      sources: [`${SPDK}: struct vfio_user_nvme_migr_header`],
      bad: spdkImage({ shadow_doorbell_buffer: 0x3000n }),
    },
    function* (root) {
      if (numberAt(root, 'sdbl') !== 0n) return;
      for (const name of ['shadow_doorbell_buffer', 'eventidx_buffer']) {
        if ((numberAt(root, name) ?? 0n) === 0n) continue;
        yield { field: child(root, name), against: child(root, 'sdbl'), message: `${name} is set` };
      }
    },
  ),
];
