import type { ReadAt } from '../bytes/source.ts';
import { writeUint } from '../layout/encode.ts';
import {
  DocumentError,
  numberTypes,
  type DeviceDocument,
  type FieldDocument,
  type FileDocument,
  type HexDocument,
  type StateDocument,
} from './document.ts';
import { bigintOf } from './read.ts';
import { packed, Rope } from './rope.ts';

/** Where payloads lie that a document names as files. */
export type PayloadFiles = (file: string) => { readonly read: ReadAt; readonly size: number };

/** A document that names files, without a directory in which they could lie. */
const noFiles: PayloadFiles = (file) => {
  throw new DocumentError(`the document names the payload file ${file}, but no payload directory`);
};

/**
 * The input that a document stands for, each field as it is written there, right or wrong. The states
 * of a container take the places that they had; a state of another length does not fit.
 */
export const encodeDocument = (document: StateDocument, files: PayloadFiles = noFiles): Rope => {
  const states = document.devices.map((device) => encodeDevice(device, files));
  return assemble(document, states, files);
};

/** The container of a document around states that have the lengths of the original ones. */
export const assemble = (
  { devices, pieces }: StateDocument,
  states: readonly Rope[],
  files: PayloadFiles = noFiles,
): Rope => {
  const [bare] = states;
  if (pieces === undefined) {
    if (bare === undefined || states.length !== 1) {
      throw new DocumentError(
        `${states.length} devices, but no "pieces" that say where they stand`,
      );
    }
    return bare;
  }
  states.forEach((state, index) => {
    const { name = '', bytes = 0 } = devices[index] ?? {};
    if (state.length === bytes) return;
    throw new DocumentError(
      `the state of ${JSON.stringify(name)} has ${state.length} bytes now, and its container ` +
        `has room for ${bytes}; --derive makes room`,
    );
  });
  const out = new Rope();
  const taken = states.map(() => 0);
  pieces.forEach((piece, index) => {
    if ('hex' in piece || 'file' in piece) {
      addBytes(out, piece, files);
      return;
    }
    const state = states[piece.device];
    if (state === undefined || piece.at + piece.bytes > state.length) {
      throw new DocumentError(`pieces[${index}] names bytes that no state has`);
    }
    // A state stands once in its container; named over and over it would fill a disk.
    const all = (taken[piece.device] ?? 0) + piece.bytes;
    taken[piece.device] = all;
    if (all > state.length) {
      throw new DocumentError(
        `pieces[${index}] names bytes of a state again: ${all} of ${state.length} bytes`,
      );
    }
    const read: ReadAt = (offset, length) => state.read(piece.at + offset, length);
    if (piece.as === undefined) {
      out.addFrom(read, 0, piece.bytes);
    } else {
      const text = packed(read, piece.bytes);
      out.addFrom(text.read, 0, text.length);
    }
  });
  return out;
};

export const encodeDevice = (device: DeviceDocument, files: PayloadFiles = noFiles): Rope => {
  const writer = new Writer(files);
  writer.fields(device.fields);
  return writer.done();
};

/** Small fields gather in one buffer; payload files stay where they are. */
class Writer {
  readonly #rope = new Rope();
  readonly #files: PayloadFiles;
  #buffer = new Uint8Array(1 << 12);
  #used = 0;

  constructor(files: PayloadFiles) {
    this.#files = files;
  }

  fields(list: readonly FieldDocument[]): void {
    for (const field of list) {
      if ('fields' in field) this.fields(field.fields);
      else if ('file' in field) {
        this.#flush();
        addBytes(this.#rope, field, this.#files);
      } else this.#append(leafBytes(field));
    }
  }

  done(): Rope {
    this.#flush();
    return this.#rope;
  }

  #append(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) {
      this.#flush();
      if (bytes.length >= this.#buffer.length) {
        this.#rope.add(bytes);
        return;
      }
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#rope.add(this.#buffer.slice(0, this.#used));
    this.#used = 0;
  }
}

/** The bytes of a field that has no fields and no file. */
const leafBytes = (
  field: Exclude<FieldDocument, { fields: unknown } | { file: string }>,
): Uint8Array => {
  if ('hex' in field) return Buffer.from(field.hex, 'hex');
  if ('text' in field) {
    const raw = new Uint8Array(field.size);
    raw.set(Buffer.from(field.text, 'latin1').subarray(0, field.size));
    return raw;
  }
  const { size, little } = numberTypes[field.type] ?? { size: 1, little: true };
  const raw = new Uint8Array(size);
  writeUint(raw, 0, size, bigintOf(field.value) ?? 0n, little);
  return raw;
};

const addBytes = (out: Rope, piece: HexDocument | FileDocument, files: PayloadFiles): void => {
  if ('hex' in piece) {
    out.add(Buffer.from(piece.hex, 'hex'));
    return;
  }
  const { read, size } = files(piece.file);
  if (piece.offset + piece.bytes > size) {
    throw new DocumentError(
      `${piece.file} has ${size} bytes, and the document names those up to ` +
        `${piece.offset + piece.bytes}`,
    );
  }
  out.addFrom(read, piece.offset, piece.bytes);
};
