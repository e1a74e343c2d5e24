import { vfioTagHigh, vfioTagPrefix } from '../../src/container/qemu/wire.ts';

/** Hostile inputs are put together by hand: the project's writer bounds what it writes. */
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

export const tag = (kind: number): Buffer =>
  Buffer.concat([u32(vfioTagHigh), u32(vfioTagPrefix * 0x10000 + kind)]);

const footer = (id: number): Buffer => Buffer.concat([Buffer.of(0x7e), u32(id)]);

const named = (type: number, id: number, name: string, body: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.of(type),
    u32(id),
    Buffer.of(name.length),
    Buffer.from(name),
    u32(0),
    u32(1),
    body,
    footer(id),
  ]);

export const start = (id: number, name: string, body: Uint8Array): Buffer =>
  named(1, id, name, body);
export const part = (id: number, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(2), u32(id), body, footer(id)]);
export const fullSection = (id: number, name: string, body: Uint8Array): Buffer =>
  named(4, id, name, body);
export const packaged = (length: number): Buffer =>
  Buffer.concat([Buffer.of(8, 0, 7, 0, 4), u32(length)]);

export const header = Buffer.concat([
  Buffer.from('QEVM'),
  u32(3),
  Buffer.of(7),
  u32(14),
  Buffer.from('pc-i440fx-10.0'),
]);

/** A description, behind the end of the stream. */
export const vmdesc = (text: string): Buffer =>
  Buffer.concat([Buffer.of(0, 6), u32(text.length), Buffer.from(text, 'latin1')]);

export const times = (count: number, piece: Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => piece));

/** A record of mlx5 or virtio state, little-endian: size, flags, tag, payload. */
export const record = (
  size: bigint,
  flags: number,
  tagNumber: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(size);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(tagNumber, 12);
  return Buffer.concat([bytes, payload]);
};

export const mlx5Size = record(8n, 1, 1, Buffer.of(0, 16, 0, 0, 0, 0, 0, 0));
