import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ContainerEvent, Walker } from '../../src/container/events.ts';
import { libvirtWalker } from '../../src/container/libvirt.ts';
import { qemuWalker, type QemuWalkerOptions } from '../../src/container/qemu/walker.ts';
import { findVmdesc } from '../../src/container/qemu/vmdesc.ts';

export const corpus = path.join(import.meta.dirname, '..', '..', 'corpus', 'qemu');

/** A stream of the corpus, unpacked. */
export const entry = (file: string): Uint8Array => {
  const bytes = readFileSync(path.join(corpus, file));
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
};

/** The lines of a JSONL file of the corpus. */
export const lines = (file: string): readonly unknown[] =>
  readFileSync(path.join(corpus, file), 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

export type Kept = Exclude<ContainerEvent, { kind: 'device-bytes' }>;

export interface Walked {
  readonly events: readonly Kept[];
  /** The state of each device, as far as it is kept: a digest would hide where it differs. */
  readonly devices: ReadonlyMap<number, Uint8Array>;
}

export type MakeWalker = (sink: (event: ContainerEvent) => void) => Walker;

/** Walks bytes in pieces; each piece is overwritten when its push returns, as a reader would. */
export const walked = (
  bytes: Uint8Array,
  make: MakeWalker,
  piece: (left: number) => number,
): Walked => {
  const events: Kept[] = [];
  const pieces = new Map<number, Uint8Array[]>();
  const walker = make((event) => {
    if (event.kind !== 'device-bytes') events.push(event);
    else {
      const known = pieces.get(event.device) ?? [];
      known.push(event.bytes.slice());
      pieces.set(event.device, known);
    }
  });
  for (let at = 0; at < bytes.length;) {
    // A Buffer, because that is what a reader hands in, and its `slice` is a view.
    const block = Buffer.from(bytes.subarray(at, at + Math.max(1, piece(bytes.length - at))));
    walker.push(block);
    at += block.length;
    block.fill(0xee);
  }
  walker.end();
  const devices = new Map(
    [...pieces].map(([device, all]) => [device, new Uint8Array(Buffer.concat(all))] as const),
  );
  return { events, devices };
};

/** The walker of a file, whose description is looked up, or of a pipe, where it is not. */
export const fileOf =
  (bytes: Uint8Array, options: QemuWalkerOptions = {}): MakeWalker =>
  (sink) => {
    const vmdesc =
      findVmdesc((at, length) => bytes.subarray(at, at + length), bytes.length) ?? null;
    const image = bytes[0] === 'L'.charCodeAt(0);
    return (image ? libvirtWalker : qemuWalker)(sink, { vmdesc, ...options });
  };

export const pipeOf =
  (bytes: Uint8Array, options: QemuWalkerOptions = {}): MakeWalker =>
  (sink) =>
    (bytes[0] === 'L'.charCodeAt(0) ? libvirtWalker : qemuWalker)(sink, options);

export const faultsOf = ({ events }: Walked): readonly string[] =>
  events.flatMap((event) => (event.kind === 'fault' ? [event.code] : []));
