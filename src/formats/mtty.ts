import { child, numberAt, type Node } from '../layout/node.ts';
import {
  array,
  bytes,
  countOf,
  identity,
  indexInto,
  le16,
  le32,
  le64,
  magic,
  oneOf,
  padding,
  reserved,
  struct,
  u8,
  version,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, perUnit, type Breach, type Invariant, type Likeness } from './format.ts';

const MTTY_MAGIC = 0x7e9d09898c3e2c4en;
const FIFO_SIZE = 16;
const DLAB_BIT = 0x80n;

const checkedAtHeader =
  'compared by mtty_resume_write() when byte 24 arrives (EFAULT); a feeder that writes on is not stopped';
const taken = 'taken as it is: nothing of a port is validated on restore';

const port = struct(
  {
    uart_reg: struct({
      RBR_THR: u8({ role: oneOf(0n), doc: 'receive and transmit go through the FIFO' }),
      IER: u8(),
      IIR_FCR: u8({ role: oneOf(0n), doc: 'FCR is kept in fcr' }),
      LCR: u8(),
      MCR: u8(),
      LSR: u8({ role: oneOf(0n), doc: 'computed on each read' }),
      MSR: u8({ role: oneOf(0n), doc: 'computed on each read' }),
      SCR: u8(),
    }),
    fifo: bytes(FIFO_SIZE, { doc: 'keeps stale bytes after reading and clearing' }),
    head: u8({ role: indexInto('fifo', FIFO_SIZE), driver: taken }),
    tail: u8({ role: indexInto('fifo', FIFO_SIZE), driver: taken }),
    count: u8({ role: within(0n, BigInt(FIFO_SIZE)), driver: taken }),
    dlab: u8({ role: within(0n, 1n), driver: taken }),
    overrun: u8({ role: within(0n, 1n), driver: taken }),
    pad0: u8({ role: padding }),
    divisor: le16(),
    fcr: u8(),
    max_fifo_size: u8({ role: oneOf(1n, 16n), default: 16n, driver: taken }),
    intr_trigger_level: u8({ role: within(0n, 1n), driver: taken }),
    pad1: u8({ role: padding }),
  },
  { control: 'guest' },
);

/** An invariant of one port: judged for each, shown on a one-port state with one thing changed. */
const portInvariant = (
  given: Pick<Invariant, 'id' | 'title' | 'severity' | 'rationale' | 'advice'> & {
    readonly bad: Readonly<Record<string, bigint>>;
    readonly check: (at: Node) => Iterable<Breach>;
  },
): Invariant => ({
  ...given,
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1288',
  sources: ['linux samples/vfio-mdev/mtty.c: handle_bar_write(), handle_bar_read()'],
  examples: () => ({ good: [{ port: [{}] }], bad: [{ port: [given.bad] }] }),
  watch: perUnit(function* (root) {
    for (const at of child(root, 'port')?.children ?? []) yield* given.check(at);
  }),
});

/** The header fields behind the magic, which tell an mtty state even when the magic is damaged. */
const headerTail = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

const recogniseHeader = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  let equal = 0;
  for (let index = 0; index < 8; index += 1) {
    if (
      index < head.length &&
      BigInt(head[index] ?? 0) === ((MTTY_MAGIC >> BigInt(8 * index)) & 0xffn)
    ) {
      equal += 1;
    }
  }
  if (equal === Math.min(8, head.length) && equal > 0) return equal === 8 ? 'certain' : 'likely';
  if (equal >= 4) return 'damaged';
  const versions = headerTail.every((byte, index) => head[8 + index] === byte);
  const ports = head[16];
  const rest = head.slice(17, 24);
  const plausible = ports === 1 || ports === 2;
  if (versions && plausible && rest.length === 7 && rest.every((byte) => byte === 0)) {
    return size === undefined || size === 24 + 36 * ports ? 'damaged' : undefined;
  }
  return undefined;
};

export const mtty = defineFormat({
  id: 'mtty',
  title: 'sample mediated serial card (mtty)',
  source: 'linux samples/vfio-mdev/mtty.c: struct mtty_data',
  summary: `
A header of 24 bytes and one record of 36 bytes for each serial port: 60 bytes for mtty-1, 96 for
mtty-2. No length, no checksum, no terminator. In PRE_COPY the driver sends the header alone; the
ports follow in STOP_COPY on the same stream.`,
  layout: struct(
    {
      magic: le64({ role: magic(MTTY_MAGIC), driver: checkedAtHeader }),
      major_ver: le32({ role: version(1n), driver: checkedAtHeader }),
      minor_ver: le32({ role: version(0n), driver: checkedAtHeader }),
      nr_ports: le32({
        role: [countOf('port'), identity, within(1n, 2n)],
        default: 1n,
        driver: checkedAtHeader,
      }),
      flags: le32({ role: reserved, driver: checkedAtHeader }),
      port: array('nr_ports', port),
    },
    { control: 'driver' },
  ),
  pci: ['4348:3253'],
  drivers: ['mtty'],
  marked: true,
  identity:
    'The number of ports is the only identity: any mtty with as many ports takes the state.',
  sample: { nr_ports: 1n },
  recognise: recogniseHeader,
  invariants: [
    portInvariant({
      id: 'mtty-fifo-count-mismatch',
      title: 'FIFO count contradicts its head and tail',
      severity: 'high',
      rationale: `
Every register access keeps head − tail equal to count modulo 16. A state that breaks this was not
reached by the device: it is damaged or made up. With count 0 and head ahead of tail the first read
makes count 255, and from then on every transmitted byte is an overrun. The driver loads it
unchecked; a restore path should refuse the state.`,
      advice:
        'Refuse a port whose count is not (head − tail) modulo 16, or 16 when they are equal.',
      bad: { head: 3n, count: 2n },
      *check(at) {
        const head = numberAt(at, 'head');
        const tail = numberAt(at, 'tail');
        const count = numberAt(at, 'count');
        if (head === undefined || tail === undefined || count === undefined) return;
        const between = BigInt.asUintN(4, head - tail);
        if (BigInt.asUintN(4, count) === between) return;
        yield {
          field: child(at, 'count'),
          against: child(at, 'head'),
          message: `count is ${count}, but head ${head} and tail ${tail} are ${between} apart`,
          expected: between === 0n ? 'count 0 or 16' : `count ${between}`,
        };
      },
    }),
    portInvariant({
      id: 'mtty-dlab-contradicts-lcr',
      title: 'Divisor latch flag contradicts bit 7 of LCR',
      severity: 'high',
      rationale: `
The device sets dlab from bit 7 of the line control register on every write to it, so the two are
never different in a state that a device reached. The driver loads both as they are, and the port
then decodes register accesses one way while LCR tells the guest the other.`,
      advice: 'Derive dlab from LCR, or refuse a state in which they differ.',
      bad: { dlab: 1n },
      *check(at) {
        const dlab = numberAt(at, 'dlab');
        const lcr = numberAt(at, 'uart_reg.LCR');
        if (dlab === undefined || lcr === undefined) return;
        const bit = (lcr & DLAB_BIT) === 0n ? 0n : 1n;
        if (dlab === bit || dlab > 1n) return; // More than 1 is out of range already.
        yield {
          field: child(at, 'dlab'),
          against: child(at, 'uart_reg.LCR'),
          message: `dlab is ${dlab}, but bit 7 of LCR is ${bit}`,
          expected: `dlab ${bit}`,
        };
      },
    }),
    portInvariant({
      id: 'mtty-trigger-level-contradicts-fcr',
      title: 'FCR was written, but the trigger level says it was not',
      severity: 'low',
      rationale: `
Any write to the FIFO control register leaves intr_trigger_level 1. A level of 0 beside a non-zero
fcr cannot come from the device. The driver loads it; the first received byte then raises its
interrupt at another time than on the source.`,
      advice: 'Refuse a state whose trigger level is 0 while fcr is not.',
      bad: { fcr: 0x07n, intr_trigger_level: 0n },
      *check(at) {
        const fcr = numberAt(at, 'fcr');
        if (fcr === undefined || fcr === 0n || numberAt(at, 'intr_trigger_level') !== 0n) return;
        yield {
          field: child(at, 'intr_trigger_level'),
          against: child(at, 'fcr'),
          message: `intr_trigger_level is 0, but fcr is ${fcr}, and writing it sets the level to 1`,
          expected: 'intr_trigger_level 1',
        };
      },
    }),
    portInvariant({
      id: 'mtty-fifo-size-contradicts-fcr',
      title: 'FIFO size is not the one that FCR set',
      severity: 'low',
      rationale: `
A write to the FIFO control register makes max_fifo_size 16 when bit 0 is set and 1 when it is not, so
after the first write the two agree in every state that a device reached. The driver loads what the
stream says, and the guest's FIFO is then shorter or longer than it asked for.`,
      advice: 'Derive max_fifo_size from bit 0 of fcr once FCR was written.',
      bad: { fcr: 0x01n, intr_trigger_level: 1n, max_fifo_size: 1n },
      *check(at) {
        const fcr = numberAt(at, 'fcr');
        const size = numberAt(at, 'max_fifo_size');
        const written = fcr !== 0n || numberAt(at, 'intr_trigger_level') === 1n;
        if (fcr === undefined || !written || (size !== 1n && size !== 16n)) return;
        const set = (fcr & 1n) === 1n ? 16n : 1n;
        if (size === set) return;
        yield {
          field: child(at, 'max_fifo_size'),
          against: child(at, 'fcr'),
          message: `max_fifo_size is ${size}, but bit 0 of fcr is ${fcr & 1n}`,
          expected: `max_fifo_size ${set}`,
        };
      },
    }),
  ],
});
