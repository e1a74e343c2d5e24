import { nameOf, type Node } from '../layout/node.ts';
import {
  documentLimits,
  documentMark,
  type DeviceDocument,
  type FieldDocument,
  type FileDocument,
  type HexDocument,
  type PieceDocument,
  type StateDocument,
} from './document.ts';
import type { Seekable } from './open.ts';
import { spanOf, type Run } from './runs.ts';
import { walkStates, type HeldDevice, type Opened, type WalkOptions } from './walk.ts';

/** Takes payloads that are too long to stand in a document. */
export interface PayloadSink {
  /** Appends to the file of this name; gives the offset at which the bytes begin. */
  add(file: string, bytes: Iterable<Uint8Array>): number;
}

export interface DecodeOptions extends WalkOptions {
  readonly payloads?: PayloadSink | undefined;
  /** Fields that are listed; what lies behind is one stretch of bytes. */
  readonly fields?: number | undefined;
}

/** An input that is larger than a document may be. */
export class TooLargeError extends Error {}

/** Longer payloads go into a file, where there is a directory for files. */
const INLINE = 4096;
const BLOCK = 1 << 20;

/**
 * An input as a document: fields by name where a format explains the bytes, hexadecimal where none
 * does. Any input gives one, and `encode` gives the input back from it, byte for byte.
 */
export const decodeStates = (input: Seekable, options: DecodeOptions = {}): StateDocument => {
  const { payloads } = options;
  const { inline } = documentLimits;
  if (payloads === undefined && input.size > inline) {
    throw new TooLargeError(
      `${input.path} has ${input.size} bytes, and ${inline} fit into one document`,
    );
  }
  const writer = new Writer(payloads, options.fields ?? documentLimits.fields);
  const { container, devices } = walkStates(
    input,
    { unit: (device, { root }) => writer.unit(device, root) },
    options,
  );
  const listed = devices.map((device) => writer.device(device));
  return {
    document: documentMark,
    version: 1,
    container,
    bytes: input.size,
    devices: listed,
    ...(container === 'device-state' ? {} : { pieces: piecesOf(input, devices, writer) }),
  };
};

class Writer {
  readonly #payloads: PayloadSink | undefined;
  #room: number;
  /** Fields of each device so far, and the offset in its state behind them. */
  readonly #fields = new Map<number, { readonly list: FieldDocument[]; end: number }>();

  constructor(payloads: PayloadSink | undefined, room: number) {
    this.#payloads = payloads;
    this.#room = room;
  }

  unit(device: Opened, root: Node): void {
    const fields = this.#of(device.device);
    if (this.#room <= 0) return;
    // A format that is one struct is the list of its fields; records keep their brackets.
    const nodes = root.name === '' && root.children.length > 0 ? root.children : [root];
    for (const node of nodes) {
      if (this.#room <= 0) return;
      const field = this.#field(device, node);
      fields.list.push(field);
      fields.end = node.start + node.length;
    }
  }

  device(device: HeldDevice): DeviceDocument {
    const { list, end } = this.#of(device.device);
    const { name, instance, format, bytes } = device;
    if (end < bytes) {
      const rest = this.bytes(`device-${device.device}.bin`, device.read, end, bytes - end);
      list.push({ name: '(rest)', gap: true, ...rest });
    }
    return { name, instance, format, bytes, fields: list };
  }

  /** Bytes as hexadecimal, or in a file when they are many and there is one. */
  bytes(
    file: string,
    read: (offset: number, length: number) => Uint8Array,
    start: number,
    length: number,
  ): HexDocument | FileDocument {
    if (this.#payloads === undefined || length <= INLINE) {
      return { hex: Buffer.from(read(start, length)).toString('hex') };
    }
    const offset = this.#payloads.add(file, blocks(read, start, length));
    return { file, offset, bytes: length };
  }

  #of(device: number): { readonly list: FieldDocument[]; end: number } {
    const known = this.#fields.get(device);
    if (known !== undefined) return known;
    const made = { list: [], end: 0 };
    this.#fields.set(device, made);
    return made;
  }

  #field(device: Opened, node: Node): FieldDocument {
    this.#room -= 1;
    const { name, layout, value, children } = node;
    const branch =
      layout !== 'gap' &&
      !(layout.kind === 'uint' || layout.kind === 'text' || layout.kind === 'bytes');
    if (children.length > 0 || (branch && node.length === 0)) {
      return { name, fields: children.map((inner) => this.#field(device, inner)) };
    }
    if (layout !== 'gap' && layout.kind === 'uint' && typeof value === 'bigint') {
      const means = nameOf(layout, value);
      const type = layout.bits === 8 ? 'u8' : `${layout.little ? 'le' : 'be'}${layout.bits}`;
      return {
        name,
        type,
        value: numberText(value, layout.hex === true),
        ...(means === undefined ? {} : { means }),
      };
    }
    if (typeof value === 'string') return { name, size: node.length, text: value };
    const gap = layout === 'gap' ? { gap: true } : {};
    if (value instanceof Uint8Array && node.length <= INLINE) {
      return { name, ...gap, hex: Buffer.from(value).toString('hex') };
    }
    const file = `device-${device.device}.bin`;
    return { name, ...gap, ...this.bytes(file, device.read, node.start, node.length) };
  }
}

const numberText = (value: bigint, hex: boolean): number | string =>
  hex || value > BigInt(Number.MAX_SAFE_INTEGER) ? `0x${value.toString(16)}` : Number(value);

function* blocks(
  read: (offset: number, length: number) => Uint8Array,
  start: number,
  length: number,
): Generator<Uint8Array> {
  for (let at = 0; at < length; at += BLOCK) yield read(start + at, Math.min(BLOCK, length - at));
}

/** The input in its order: the container's own bytes, and references to the states between them. */
const piecesOf = (
  input: Seekable,
  devices: readonly HeldDevice[],
  writer: Writer,
): readonly PieceDocument[] => {
  const places: (Run & { readonly device: number })[] = [];
  devices.forEach(({ runs }, device) => {
    for (const run of runs.list) places.push({ ...run, device });
  });
  places.sort((a, b) => a.offset - b.offset);
  const pieces: PieceDocument[] = [];
  let at = 0;
  const between = (end: number): void => {
    if (end > at) pieces.push(writer.bytes('container.bin', input.readAt, at, end - at));
  };
  for (const run of places) {
    // Bytes that two states claim are written once, as those of the first.
    if (run.offset < at) continue;
    between(run.offset);
    const { device, start, length } = run;
    pieces.push({ device, at: start, bytes: length, ...(run.packed ? { as: 'base64' } : {}) });
    at = run.offset + spanOf(run);
  }
  between(input.size);
  return pieces;
};
