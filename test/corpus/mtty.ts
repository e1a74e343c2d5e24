import { mtty } from '../../src/formats/mtty.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { joined, patched, written, type Streams } from './edit.ts';

type Fields = Readonly<Record<string, Draft>>;

const state = written(mtty);

const text = (letters: string): Uint8Array => {
  const fifo = new Uint8Array(16);
  fifo.set(new TextEncoder().encode(letters));
  return fifo;
};

/** A port that its guest set up, with two characters waiting. */
const port = (changed: Fields = {}, registers: Fields = {}): Fields => ({
  uart_reg: { IER: 5n, LCR: 3n, MCR: 0x0bn, ...registers },
  fifo: text('AB'),
  head: 2n,
  count: 2n,
  divisor: 1n,
  fcr: 1n,
  intr_trigger_level: 1n,
  ...changed,
});

const one = (changed: Fields = {}, registers: Fields = {}): Uint8Array =>
  state({ port: [port(changed, registers)] });

const header = (changed: Fields): Uint8Array => state({ port: [port()], ...changed });

const onePort = one();
const twoPorts = state({ port: [port(), {}] });

export const mttyStreams: Streams = {
  'one-port.bin': onePort,
  'two-ports.bin': twoPorts,

  'magic-damaged.bin': patched(onePort, 0, 0x4f),
  'magic-in-other-byte-order.bin': patched(
    onePort,
    0,
    ...[0x7e, 0x9d, 0x09, 0x89, 0x8c, 0x3e, 0x2c, 0x4e],
  ),
  'major-version-0.bin': header({ major_ver: 0n }),
  'major-version-2.bin': header({ major_ver: 2n }),
  'minor-version-1.bin': header({ minor_ver: 1n }),
  'flags-set.bin': header({ flags: 1n }),
  'ports-none.bin': header({ nr_ports: 0n }),
  'ports-three.bin': state({ port: [port(), {}, {}] }),
  'ports-two-but-one-there.bin': header({ nr_ports: 2n }),
  'ports-one-but-two-there.bin': state({ nr_ports: 1n, port: [port(), {}] }),
  'ports-four-billion.bin': header({ nr_ports: 0xffff_ffffn }),

  'cut-in-magic.bin': onePort.subarray(0, 7),
  'cut-in-header.bin': onePort.subarray(0, 22),
  'cut-in-port.bin': onePort.subarray(0, 50),
  'cut-by-one-byte.bin': onePort.subarray(0, 59),
  'cut-in-second-port.bin': twoPorts.subarray(0, 90),
  'one-byte-more.bin': joined(onePort, Uint8Array.of(0)),
  'twice.bin': joined(onePort, onePort),

  'head-past-fifo.bin': one({ head: 18n }),
  'head-255.bin': one({ head: 255n, count: 15n }),
  'tail-past-fifo.bin': one({ tail: 16n }),
  'tail-200.bin': one({ tail: 200n, count: 10n }),
  'head-past-fifo-of-second-port.bin': state({ port: [port(), { head: 16n }] }),
  'count-17.bin': one({ head: 1n, count: 17n }),
  'count-255.bin': one({ head: 15n, count: 255n }),
  'count-contradicts-head.bin': one({ head: 3n }),
  'count-0-but-head-ahead.bin': one({ count: 0n }),
  'fifo-size-0.bin': one({ max_fifo_size: 0n }),
  'fifo-size-17.bin': one({ max_fifo_size: 17n }),
  'fifo-size-255.bin': one({ max_fifo_size: 255n }),
  'dlab-2.bin': one({ dlab: 2n }),
  'dlab-contradicts-lcr.bin': one({ dlab: 1n }),
  'lcr-contradicts-dlab.bin': one({}, { LCR: 0x83n }),
  'overrun-255.bin': one({ overrun: 255n }),
  'trigger-level-14.bin': one({ intr_trigger_level: 14n }),
  'trigger-level-contradicts-fcr.bin': one({ intr_trigger_level: 0n }),
  'fifo-size-contradicts-fcr.bin': one({ max_fifo_size: 1n }),
  'receive-register-set.bin': one({}, { RBR_THR: 0x41n }),
  'line-status-set.bin': one({}, { LSR: 0x60n }),
  'first-padding-set.bin': one({ pad0: 1n }),
  'last-padding-set.bin': one({ pad1: 0xffn }),
};
