import type { Draft } from '../layout/draft.ts';
import { child, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import { NUM_QUEUES_OFFSET, partsOf, takenBits } from './virtio-parts.ts';
import {
  commonConfig,
  context,
  deviceFeatures,
  deviceStatus,
  driverFeatures,
  notifyConfig,
  parts,
  queue,
} from './virtio-sample.ts';

const RING_PACKED = 1n << 34n;
const LARGEST_QUEUE = 32768n;

/** One queue that is enabled, with all fields there. */
interface Queue {
  readonly index: bigint;
  readonly value: Node;
  readonly size: bigint;
  readonly packed: boolean;
}

interface Ring {
  readonly queue: Queue;
  readonly field: string;
  readonly start: bigint;
  /** First byte behind it; may exceed 64 bits. */
  readonly end: bigint;
}

function* enabledQueues(record: Node): Generator<Queue> {
  const packed = ((takenBits(record) ?? 0n) & RING_PACKED) !== 0n;
  for (const { node, name } of partsOf(record)) {
    if (name !== 'VQ_CFG') continue;
    const index = numberAt(node, 'selector.vq_index');
    const value = child(node, 'value');
    const size = numberAt(node, 'value.queue_size');
    const complete = numberAt(node, 'value.queue_device') !== undefined;
    if (index === undefined || value === undefined || size === undefined || !complete) continue;
    if (numberAt(value, 'enabled') === 1n) yield { index, value, size, packed };
  }
}

/** Bytes of the three areas of a queue; virtio 1.3, 2.7 (split) and 2.8 (packed). */
const areas = ({ size, packed }: Queue): readonly (readonly [string, bigint])[] => [
  ['queue_desc', 16n * size],
  ['queue_driver', packed ? 4n : 6n + 2n * size],
  ['queue_device', packed ? 4n : 6n + 8n * size],
];

const ringsOf = (record: Node): readonly Ring[] =>
  [...enabledQueues(record)].flatMap((each) =>
    areas(each).map(([field, length]) => {
      const start = numberAt(each.value, field) ?? 0n;
      return { queue: each, field, start, end: start + length };
    }),
  );

const nameOfRing = ({ queue: { index }, field }: Ring): string => `${field} of queue ${index}`;

const invariant = (
  given: Omit<Invariant, 'examples' | 'watch' | 'threats'> & { readonly bad: readonly Draft[] },
  check: (record: Node) => Iterable<Breach>,
  good: readonly Draft[] = [context()],
): Invariant => {
  const { bad, ...rest } = given;
  return {
    ...rest,
    threats: ['guest', 'feeder', 'corruption'],
    examples: () => ({ good: [good], bad: [bad] }),
    watch: perUnit(check),
  };
};

const withQueues = (queues: bigint, index: bigint): readonly Draft[] => [
  context([
    deviceFeatures(),
    driverFeatures(),
    commonConfig(NUM_QUEUES_OFFSET, 2n, queues),
    deviceStatus(),
    queue(index),
  ]),
];

export const virtioQueueInvariants: readonly Invariant[] = [
  invariant(
    {
      id: 'virtio-queue-size-invalid',
      title: 'Enabled queue has a size that no queue can have',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
A queue has 1 to 32768 entries, and a split queue a power of two of them, because indices are masked
with size − 1. Another size makes the device compute places outside the rings.`,
      advice: 'Check the size against the ring format that the guest negotiated.',
      sources: ['virtio 1.3, 2.7: split virtqueues; 2.8: packed virtqueues'],
      bad: [context(parts({ queue: queue(0n, { queue_size: 255n }) }))],
    },
    function* (record) {
      for (const { index, value, size, packed } of enabledQueues(record)) {
        const fits = size >= 1n && size <= LARGEST_QUEUE;
        if (fits && (packed || (size & (size - 1n)) === 0n)) continue;
        yield {
          field: child(value, 'queue_size'),
          message: `queue ${index} is enabled with ${size} entries`,
          expected: packed ? '1 to 32768' : 'a power of two up to 32768',
        };
      }
    },
  ),
  invariant(
    {
      id: 'virtio-queue-address-zero',
      title: 'Enabled queue without an address',
      severity: 'high',
      confidence: 'likely',
      cwe: 'CWE-822',
      rationale: `
A driver sets all three addresses before it enables a queue. Zero says that it did not, or that the
state lost them; the device would use the first page of the guest.`,
      advice: 'Refuse an enabled queue with an address of zero.',
      sources: ['virtio 1.3, 4.1.5.1.3: virtqueue configuration'],
      bad: [context(parts({ queue: queue(0n, { queue_driver: 0n }) }))],
    },
    function* (record) {
      for (const ring of ringsOf(record)) {
        if (ring.start !== 0n) continue;
        yield {
          field: child(ring.queue.value, ring.field),
          message: `${nameOfRing(ring)} is 0, but the queue is enabled`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'virtio-queue-ring-wraps',
      title: 'Ring of a queue runs past the end of the address space',
      severity: 'high',
      cwe: 'CWE-190',
      rationale: `
Address and length of the ring together exceed 64 bits. A check of the end alone sees a small number
and passes it; the device then uses memory at both ends of the address space.`,
      advice: 'Compute the end of a ring with a check for overflow, and refuse it.',
      sources: ['CWE-190'],
      bad: [context(parts({ queue: queue(0n, { queue_desc: 0xffff_ffff_ffff_f800n }) }))],
    },
    function* (record) {
      for (const ring of ringsOf(record)) {
        if (ring.end <= 1n << 64n) continue;
        yield {
          field: child(ring.queue.value, ring.field),
          message: `${nameOfRing(ring)} is 0x${ring.start.toString(16)} and ${ring.end - ring.start} bytes long`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'virtio-queue-rings-overlap',
      title: 'Rings of the queues overlap',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
The device writes what it used over what the guest made available, or one queue over another. No
driver lays its rings out so, and what happens then is up to the device.`,
      advice: 'Refuse queues whose rings are not apart.',
      sources: ['virtio 1.3, 2.7 and 2.8: layout of the rings'],
      bad: [context(parts({ queue: queue(0n, { queue_device: 0x1000_1000n }) }))],
    },
    function* (record) {
      const rings = ringsOf(record)
        .filter(({ start }) => start !== 0n)
        .sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0));
      let reach: Ring | undefined;
      for (const ring of rings) {
        if (reach !== undefined && ring.start < reach.end) {
          yield {
            field: child(ring.queue.value, ring.field),
            against: child(reach.queue.value, reach.field),
            message: `${nameOfRing(ring)} begins inside ${nameOfRing(reach)}`,
          };
        }
        if (reach === undefined || ring.end > reach.end) reach = ring;
      }
    },
  ),
  invariant(
    {
      id: 'virtio-queue-index-past-num-queues',
      title: 'Queue has an index beyond the number of queues',
      severity: 'high',
      cwe: 'CWE-129',
      rationale: `
The same context says how many queues the device has. A device that takes the index into its table of
queues without comparing writes behind the table.`,
      advice: 'Compare the index of each queue with the number of queues of the destination.',
      sources: ['virtio 1.3, 4.1.4.3: num_queues'],
      bad: withQueues(3n, 3n),
    },
    function* (record) {
      let limit: Node | undefined;
      for (const { node, name, selector } of partsOf(record)) {
        if (name === 'PCI_COMMON_CFG' && selector === `${NUM_QUEUES_OFFSET}`) {
          limit = child(node, 'value');
        }
        if (name !== 'VQ_CFG' && name !== 'VQ_NOTIFY_CFG') continue;
        const index = numberAt(node, 'selector.vq_index');
        if (index === undefined || typeof limit?.value !== 'bigint' || index < limit.value)
          continue;
        yield {
          field: child(node, 'selector.vq_index'),
          against: limit,
          message: `vq_index is ${index}, but the device has ${limit.value} queues`,
        };
      }
    },
    withQueues(4n, 3n),
  ),
  invariant(
    {
      id: 'virtio-notify-without-queue',
      title: 'Notification of a queue that the context does not have',
      severity: 'medium',
      cwe: 'CWE-1288',
      rationale: `
The part says how the guest notifies a queue of which the context says nothing else: a queue was left
out, or the index was changed.`,
      advice: 'Refuse a VQ_NOTIFY_CFG part whose queue has no VQ_CFG part.',
      sources: ['virtio 1.4, device parts'],
      bad: [context([...parts(), notifyConfig(1n)])],
    },
    function* (record) {
      const queues = new Set<string>();
      for (const { node, name, selector } of partsOf(record)) {
        if (name === 'VQ_CFG') queues.add(selector);
        if (name !== 'VQ_NOTIFY_CFG' || queues.has(selector)) continue;
        yield {
          field: child(node, 'selector.vq_index'),
          message: `queue ${selector} has a VQ_NOTIFY_CFG part, but no VQ_CFG part`,
        };
      }
    },
    [context([...parts(), notifyConfig(0n)])],
  ),
];
