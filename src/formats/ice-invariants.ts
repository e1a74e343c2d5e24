import type { Draft } from '../layout/draft.ts';
import { child, nameOf, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import {
  devState,
  enable,
  iceImage,
  iceSample,
  iceState,
  queues,
  resources,
  u32,
  version,
} from './ice-sample.ts';
import { idle, lengths, once } from './ice-virtchnl.ts';

const SERIES = 'netdev, “Add E800 live migration driver” (2023): ice_migration.c';
/** struct ice_migration_dev_state with its padding; of the first patches. */
const FIXED = 1056n;
const FIXED_EARLY = 24n;
const SLOT = 8n;
const MOST_OF_ONE = 256;
/** linux drivers/net/ethernet/intel/ice/ice_txrx.h: ICE_MAX_NUM_DESC */
const LARGEST_RING = 8160n;
const REGISTERS = 1336;
const BUFFER = 131072;
const LENGTH_OF_ADMIN_QUEUE = 0x3ffn;

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly good?: Draft;
  readonly bad: Draft;
};

const invariant = (
  { good = iceSample, bad, ...given }: Given,
  check: (state: Node, root: Node) => Iterable<Breach>,
): Invariant => ({
  cwe: 'CWE-1288',
  threats: ['feeder', 'guest', 'corruption'],
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
  watch: perUnit(function* (root) {
    // With the registers before it, and without.
    const state = child(root, 'state.dev_state') ?? child(root, 'state');
    if (state !== undefined && child(state, 'virtchnl_msgs') !== undefined)
      yield* check(state, root);
  }),
});

interface Slot {
  readonly node: Node;
  readonly opcode: bigint;
  readonly name: string | undefined;
  readonly length: bigint | undefined;
}

function* slotsOf(state: Node): Generator<Slot> {
  for (const node of child(state, 'virtchnl_msgs')?.children ?? []) {
    const opcode = child(node, 'opcode');
    if (typeof opcode?.value !== 'bigint') continue;
    yield {
      node,
      opcode: opcode.value,
      name: nameOf(opcode.layout, opcode.value),
      length: numberAt(node, 'message.msg_len'),
    };
  }
}

const short = ({ name, opcode }: Slot): string =>
  name?.replace('VIRTCHNL_OP_', '') ?? `opcode ${opcode}`;

const messages: readonly Invariant[] = [
  invariant(
    {
      id: 'ice-terminator-missing',
      title: 'List of messages does not end',
      severity: 'high',
      cwe: 'CWE-125',
      rationale: `
The destination takes messages until one has the opcode zero. Without it the walk goes on in whatever
lies behind the buffer. A restore path should stop where total_size says that the list ends, and
refuse it when the terminator is not there.`,
      advice: 'Bound the walk by total_size, and refuse a list without a terminator.',
      sources: [`${SERIES}: ice_migration_load_devstate()`],
      bad: iceState([version], {
        virtchnl_msgs: [{ opcode: 1n, message: { msg_buffer: u32(1, 1) } }],
      }),
    },
    function* (state) {
      const list = child(state, 'virtchnl_msgs');
      if (list === undefined || [...slotsOf(state)].some(({ opcode }) => opcode === 0n)) return;
      yield { field: list, message: 'no message has the opcode 0' };
    },
  ),
  invariant(
    {
      id: 'ice-total-size-mismatch',
      title: 'Total size is not that of the messages',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
total_size counts the structure with its padding, a slot for each message and one for the terminator.
The series compares it with what was written, but walks by the terminator, so a size that is not the
list's own tells a reader another end than the walk has.`,
      advice: 'Refuse a state whose terminator is not where total_size puts it.',
      sources: [`${SERIES}: ice_migration_save_devstate(), ice_migration_load_devstate() (EINVAL)`],
      bad: iceState([version], { total_size: 1056n }),
    },
    function* (state) {
      const got = numberAt(state, 'total_size');
      // The terminator has a slot of its own.
      let wanted = SLOT + (child(state, 'vsi_id') === undefined ? FIXED_EARLY : FIXED);
      let ended = false;
      for (const { opcode, length } of slotsOf(state)) {
        ended ||= opcode === 0n;
        if (opcode !== 0n) wanted += SLOT + (length ?? 0n);
      }
      if (!ended || got === undefined || got === wanted) return;
      yield {
        field: child(state, 'total_size'),
        message: `total_size is ${got}, but the messages make it ${wanted}`,
        expected: `${wanted}`,
      };
    },
  ),
  invariant(
    {
      id: 'ice-message-unknown',
      title: 'Message that no function sends',
      severity: 'high',
      threats: ['version', 'feeder', 'corruption'],
      rationale: `
The physical function does not know the opcode, and the load ends with an error in the middle, when
the messages before it were carried out. A restore path should look through the whole list before it
carries out the first message.`,
      advice: 'Take only opcodes of a fixed list, and look through all messages first.',
      sources: [`${SERIES}: ice_migration_load_devstate()`, 'linux include/linux/avf/virtchnl.h'],
      bad: iceState([version, { opcode: 99n, data: u32(0) }]),
    },
    function* (state) {
      for (const slot of slotsOf(state)) {
        if (slot.name !== undefined || slot.opcode === 0n) continue;
        yield { field: child(slot.node, 'opcode'), message: `opcode ${slot.opcode} is unknown` };
      }
    },
  ),
  invariant(
    {
      id: 'ice-message-without-effect',
      title: 'Message that has no place in a saved state',
      severity: 'high',
      threats: ['guest', 'feeder'],
      rationale: `
Resets, statistics and events set nothing up, so a save has no reason to keep them; a reset in the
middle undoes what the messages before it did.`,
      advice: 'Replay only messages that configure the function.',
      sources: [`${SERIES}: ice_migration_save_vf_msg()`],
      bad: iceState([version, resources, { opcode: 'VIRTCHNL_OP_RESET_VF', data: u32() }]),
    },
    function* (state) {
      for (const slot of slotsOf(state)) {
        if (slot.name === undefined || !idle.has(slot.name)) continue;
        yield {
          field: child(slot.node, 'opcode'),
          message: `${short(slot)} is among the messages`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'ice-message-length-wrong',
      title: 'Message has another length than its kind',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
Messages of these kinds have one length. The physical function compares it where a guest sends a
message itself; a replay that goes around the comparison reads behind the message.`,
      advice: 'Check a replayed message as one that comes from a guest.',
      sources: ['linux include/linux/avf/virtchnl.h: virtchnl_vc_validate_vf_msg()'],
      bad: iceState([{ opcode: 'VIRTCHNL_OP_VERSION', data: u32(1, 1, 0) }]),
    },
    function* (state) {
      for (const slot of slotsOf(state)) {
        const wanted = lengths[slot.name ?? ''];
        if (wanted === undefined || slot.length === undefined || slot.length === wanted) continue;
        yield {
          field: child(slot.node, 'message.msg_len'),
          message: `${short(slot)} has ${slot.length} bytes`,
          expected: `${wanted}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'ice-messages-out-of-order',
      title: 'Function is set up before its driver has said who it is',
      severity: 'high',
      rationale: `
A driver first tells its version and then asks for its resources; the physical function takes nothing
else before. A list in another order was not sent by a driver.`,
      advice: 'Refuse a list that does not begin with VERSION and GET_VF_RESOURCES.',
      sources: ['linux include/linux/avf/virtchnl.h: order of the messages of a driver'],
      good: iceState([version, resources, enable]),
      bad: iceState([enable, version, resources]),
    },
    function* (state) {
      const order = ['VIRTCHNL_OP_VERSION', 'VIRTCHNL_OP_GET_VF_RESOURCES'];
      const firstOf = [...slotsOf(state)].filter(({ opcode }) => opcode !== 0n).slice(0, 2);
      for (const [index, slot] of firstOf.entries()) {
        if (slot.name === order[index]) continue;
        yield {
          field: child(slot.node, 'opcode'),
          message: `message ${index + 1} is ${short(slot)}`,
          expected: order[index] ?? '',
        };
        return;
      }
    },
  ),
  invariant(
    {
      id: 'ice-messages-repeated',
      title: 'Message stands more often than any driver sends it',
      severity: 'high',
      confidence: 'likely',
      threats: ['guest', 'feeder'],
      cwe: 'CWE-770',
      rationale: `
Each message costs the destination what it cost the source, without the limits that a guest has: a
guest that sends one a thousand times makes the destination do the same at once. Version and
resources are told once; of the others hundreds are not sent.`,
      advice: 'Apply the limits for guests to a replay, and cap the number of messages.',
      sources: [`${SERIES}: ice_migration_save_vf_msg()`],
      bad: iceState([version, resources, version]),
    },
    function* (state) {
      const counts = new Map<bigint, number>();
      for (const slot of slotsOf(state)) {
        const found = (counts.get(slot.opcode) ?? 0) + 1;
        counts.set(slot.opcode, found);
        const most = once.has(slot.name ?? '') ? 1 : MOST_OF_ONE;
        if (found !== most + 1) continue;
        yield {
          field: child(slot.node, 'opcode'),
          message: `${short(slot)} stands more than ${most === 1 ? 'once' : `${most} times`}`,
        };
      }
    },
  ),
  invariant(
    {
      id: 'ice-promiscuous',
      title: 'Function asks to see the packets of others',
      severity: 'low',
      threats: ['guest', 'feeder'],
      cwe: 'CWE-269',
      rationale: `
The administrator of a host decides whether a function may be promiscuous, and the physical function
asks whether it is trusted. A replay must ask again on the destination, whose answer may differ.`,
      advice: 'Check trust for each replayed message by the settings of the destination.',
      sources: ['linux include/linux/avf/virtchnl.h: VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE'],
      bad: iceState([
        version,
        resources,
        { opcode: 'VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE', data: u32(0x3_0005) },
      ]),
    },
    function* (state) {
      for (const slot of slotsOf(state)) {
        if ((numberAt(slot.node, 'message.msg_buffer.flags') ?? 0n) === 0n) continue;
        yield {
          field: child(slot.node, 'message.msg_buffer.flags'),
          message: 'the function becomes promiscuous when the state is loaded',
        };
      }
    },
  ),
];

/** Entries of each queue as the messages configured it; the last message counts. */
const ringsOf = (state: Node, kind: 'txq' | 'rxq'): ReadonlyMap<number, bigint> => {
  const rings = new Map<number, bigint>();
  for (const { node } of slotsOf(state)) {
    for (const pair of child(node, 'message.msg_buffer.qpair')?.children ?? []) {
      const id = numberAt(pair, `${kind}.queue_id`);
      const entries = numberAt(pair, `${kind}.ring_len`);
      if (id !== undefined && entries !== undefined) rings.set(Number(id), entries);
    }
  }
  return rings;
};

const configured = [version, resources, queues(), enable];
const tail = (value: bigint): readonly bigint[] => [value, ...new Array<bigint>(255).fill(0n)];

const registers: readonly Invariant[] = [
  invariant(
    {
      id: 'ice-queue-index-past-ring',
      title: 'Queue stands past the end of its ring',
      severity: 'high',
      cwe: 'CWE-129',
      rationale: `
The heads and tails are written into the device as they are. Beyond the ring that the messages set
up, the device fetches descriptors from memory that the guest never gave it for that. Where no message
sets up the ring of a queue, the longest ring there is bounds it.`,
      advice: 'Compare each head and tail with the ring of its queue before it is written.',
      sources: [`${SERIES}: ice_migration_load_rx_head(), ice_migration_load_tx_head()`],
      good: iceState(configured),
      bad: iceState(configured, { rx_head: tail(512n) }),
    },
    function* (state, root) {
      for (const [kind, holder, field] of [
        ['rxq', state, 'rx_head'],
        ['txq', state, 'tx_head'],
        ['rxq', child(root, 'state') ?? state, 'rx_tail'],
      ] as const) {
        const places = child(holder, field)?.children ?? [];
        const rings = ringsOf(state, kind);
        // The vendor’s driver does not tell how many there are; what no message set up says nothing.
        const queues = numberAt(state, `num_${kind}`) ?? 0n;
        for (const [id, place] of places.entries()) {
          // What a register says of a queue that the function does not have means nothing.
          const entries = rings.get(id) ?? (BigInt(id) < queues ? LARGEST_RING : undefined);
          if (entries === undefined || typeof place.value !== 'bigint' || place.value < entries) {
            continue;
          }
          yield {
            field: place,
            message: `${field} of queue ${id} is ${place.value}, its ring has ${rings.has(id) ? '' : 'at most '}${entries} entries`,
            expected: `below ${entries}`,
          };
        }
      }
    },
  ),
  invariant(
    {
      id: 'ice-admin-queue-index-past-end',
      title: 'Mailbox of the function stands past its end',
      severity: 'high',
      cwe: 'CWE-129',
      rationale: `
Head and tail of the mailbox queues are registers that the guest writes. They are restored as they
are, and outside the queue the device reads and writes memory that is not the mailbox.`,
      advice: 'Compare head and tail of each mailbox queue with its length.',
      sources: [`${SERIES}: restore of the registers in ice_vfio_pci.c`],
      good: iceImage(),
      bad: iceImage(undefined, {}, { asq: { len: 0x8000_0040n, head: 64n } }),
    },
    function* (_state, root) {
      for (const queue of ['asq', 'arq']) {
        const length = (numberAt(root, `state.${queue}.len`) ?? 0n) & LENGTH_OF_ADMIN_QUEUE;
        for (const name of ['head', 'tail']) {
          const at = numberAt(root, `state.${queue}.${name}`) ?? 0n;
          if (at === 0n || at < length) continue;
          yield {
            field: child(root, `state.${queue}.${name}`),
            against: child(root, `state.${queue}.len`),
            message: `${name} of ${queue} is ${at}, its length ${length}`,
          };
        }
      }
    },
  ),
  invariant(
    {
      id: 'ice-state-too-large',
      title: 'State is larger than the buffer of a destination',
      severity: 'high',
      threats: ['feeder', 'corruption'],
      cwe: 'CWE-770',
      rationale: `
The buffer has room for the registers and 128 KiB. The driver of the series refuses the write that
passes its end.`,
      advice: 'Refuse the write that would pass the end of the buffer.',
      sources: ['netdev, “Add E800 live migration driver” (2023): ice_vfio_pci.c (ENOMEM)'],
      bad: {
        begin: 'ICE_MIG_DEVSTAT_MAGIC',
        state: {
          ...devState(),
          virtchnl_msgs: [
            { opcode: 1n, message: { msg_buffer: u32(1, 1) } },
            { opcode: 0n, message: new Uint8Array(REGISTERS + BUFFER) },
          ],
        },
      },
    },
    function* (_state, root) {
      if (root.length <= REGISTERS + BUFFER) return;
      yield {
        message: `the state has ${root.length} bytes`,
        expected: `at most ${REGISTERS + BUFFER}`,
      };
    },
  ),
];

export const iceInvariants: readonly Invariant[] = [...messages, ...registers];
