import {
  DocumentError,
  documentLimits,
  documentMark,
  numberTypes,
  type DeviceDocument,
  type FieldDocument,
  type FileDocument,
  type HexDocument,
  type PieceDocument,
  type StateDocument,
} from './document.ts';
import { documentJson } from './json.ts';

/** Reads a document that anybody may have written; one `DocumentError` says where it is wrong. */
export const readDocument = (blocks: Iterable<Uint8Array>): StateDocument => {
  const at = record(documentJson(blocks), 'the document');
  if (at.document !== documentMark) {
    throw new DocumentError(`the document is not one that decode writes: "document" is missing`);
  }
  if (at.version !== 1) throw new DocumentError('"version" is not 1');
  const { pieces } = at;
  const room: Room = { left: documentLimits.filled };
  const devices = list(at.devices, 'devices').map((one, index) =>
    device(one, `devices[${index}]`, room),
  );
  return {
    document: documentMark,
    version: 1,
    container: string(at.container, 'container'),
    bytes: size(at.bytes, 'bytes'),
    devices,
    ...(pieces === undefined
      ? {}
      : { pieces: list(pieces, 'pieces').map((one, index) => piece(one, `pieces[${index}]`)) }),
  };
};

/** True when bytes are the beginning of a document, and not a device state. */
export const isDocument = (head: Uint8Array): boolean =>
  /^\s*\{\s*"document"\s*:\s*"vstate-check decode"/u.test(Buffer.from(head).toString('latin1'));

/** Bytes that NUL may still fill behind texts. */
interface Room {
  left: number;
}

const device = (value: unknown, path: string, room: Room): DeviceDocument => {
  const at = record(value, path);
  return {
    name: string(at.name, `${path}.name`),
    instance: size(at.instance, `${path}.instance`),
    format: string(at.format, `${path}.format`),
    bytes: size(at.bytes, `${path}.bytes`),
    fields: fields(at.fields, `${path}.fields`, room),
  };
};

const fields = (value: unknown, path: string, room: Room): readonly FieldDocument[] =>
  list(value, path).map((one, index) => field(one, `${path}[${index}]`, room));

const field = (value: unknown, path: string, room: Room): FieldDocument => {
  const at = record(value, path);
  const name = string(at.name, `${path}.name`);
  const gap = at.gap === true ? { gap: true } : {};
  const kinds = ['fields', 'hex', 'file', 'text', 'value'].filter((key) => at[key] !== undefined);
  const [kind, another] = kinds;
  if (another !== undefined) {
    throw new DocumentError(`${path} (${name}) has both "${kind}" and "${another}"`);
  }
  switch (kind) {
    case 'fields':
      return { name, fields: fields(at.fields, `${path}.fields`, room) };
    case 'hex':
      return { name, ...gap, hex: hexText(at.hex, `${path}.hex`) };
    case 'file':
      return { name, ...gap, ...file(at, path) };
    case 'text': {
      const held = size(at.size, `${path}.size`);
      const text = string(at.text, `${path}.text`);
      // One character, one byte: what `decode` writes as text is printable ASCII.
      if (!/^[\x00-\x7f]*$/u.test(text)) throw new DocumentError(`${path}.text is not ASCII`);
      if (text.length > held) {
        throw new DocumentError(`${path}.text has ${text.length} characters for ${held} bytes`);
      }
      room.left -= held - text.length;
      if (room.left < 0) {
        const { filled } = documentLimits;
        throw new DocumentError(
          `${path}.size is ${held}: texts and what fills them take more than ${filled} bytes of NUL`,
        );
      }
      return { name, size: held, text };
    }
    case 'value':
      return { name, ...number(at, path) };
    default:
      throw new DocumentError(
        `${path} (${name}) has no "value", "text", "hex", "file" or "fields"`,
      );
  }
};

const number = (
  at: Readonly<Record<string, unknown>>,
  path: string,
): { readonly type: string; readonly value: number | string } => {
  const type = string(at.type, `${path}.type`);
  const shape = Object.hasOwn(numberTypes, type) ? numberTypes[type] : undefined;
  if (shape === undefined) throw new DocumentError(`${path}.type: there is no type "${type}"`);
  const { value } = at;
  const wide = bigintOf(value);
  if (wide === undefined || (typeof value !== 'number' && typeof value !== 'string')) {
    throw new DocumentError(
      `${path}.value is not a whole number from 0 on, nor text of one (numbers above 2^53 are text)`,
    );
  }
  if (wide >> BigInt(shape.size * 8) !== 0n) {
    throw new DocumentError(`${path}.value does not fit into ${type}`);
  }
  return { type, value };
};

/** The number that a value of a document stands for. */
export const bigintOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^(?:0x[0-9a-f]{1,16}|[0-9]{1,20})$/iu.test(value)) {
    return undefined;
  }
  return BigInt(value);
};

const piece = (value: unknown, path: string): PieceDocument => {
  const at = record(value, path);
  if (at.hex !== undefined) return { hex: hexText(at.hex, `${path}.hex`) } satisfies HexDocument;
  if (at.file !== undefined) return file(at, path);
  const { as } = at;
  if (as !== undefined && as !== 'base64') throw new DocumentError(`${path}.as is not "base64"`);
  return {
    device: size(at.device, `${path}.device`),
    at: size(at.at, `${path}.at`),
    bytes: size(at.bytes, `${path}.bytes`),
    ...(as === undefined ? {} : { as }),
  };
};

/** A name without a folder in it: a document cannot point outside the payload directory. */
const file = (at: Readonly<Record<string, unknown>>, path: string): FileDocument => {
  const name = string(at.file, `${path}.file`);
  if (!/^[a-z0-9][a-z0-9-]{0,63}\.bin$/u.test(name)) {
    throw new DocumentError(`${path}.file is not a name like device-0.bin`);
  }
  return {
    file: name,
    offset: size(at.offset, `${path}.offset`),
    bytes: size(at.bytes, `${path}.bytes`),
  };
};

const hexText = (value: unknown, path: string): string => {
  const text = string(value, path);
  if (text.length % 2 === 0 && /^[0-9a-f]*$/iu.test(text)) return text;
  throw new DocumentError(`${path} is not hexadecimal, two digits for each byte`);
};

const record = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw new DocumentError(`${path} is not an object`);
};

const list = (value: unknown, path: string): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new DocumentError(`${path} is not a list`);
};

const string = (value: unknown, path: string): string => {
  if (typeof value === 'string') return value;
  throw new DocumentError(`${path} is not text`);
};

const size = (value: unknown, path: string): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DocumentError(`${path} is not a whole number from 0 on`);
};
