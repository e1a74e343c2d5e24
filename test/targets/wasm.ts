/** A device in WebAssembly by hand: a write of 0xff is refused with EFAULT, one over 64 bytes traps. */
const ascii = (text: string): number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, ...body: number[]): number[] => [id, body.length, ...body];
const body = (...code: number[]): number[] => [code.length + 2, 0, ...code, 0x0b];

const i32 = 0x7f;
const none = [0x60, 0, 1, i32];
const one = [0x60, 1, i32, 1, i32];
const two = [0x60, 2, i32, i32, 1, i32];

const write = body(
  ...[0x20, 1, 0x41, 0xc0, 0x00, 0x4b, 0x04, 0x40, 0x00, 0x0b], // size > 64: unreachable
  ...[0x20, 0, 0x2d, 0, 0, 0x41, 0xff, 0x01, 0x46, 0x04, 0x40, 0x41, 0x72, 0x0f, 0x0b], // -14
  ...[0x20, 1],
);

export const wasmDevice = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 3, ...none, ...one, ...two),
  ...section(3, 4, 1, 0, 2, 0),
  ...section(5, 1, 0, 1),
  ...section(
    7,
    5,
    ...[...ascii('memory'), 2, 0],
    ...[...ascii('vstate_buffer'), 0, 0],
    ...[...ascii('vstate_begin'), 0, 1],
    ...[...ascii('vstate_write'), 0, 2],
    ...[...ascii('vstate_end'), 0, 3],
  ),
  ...section(10, 4, ...body(0x41, 0x10), ...body(0x41, 0), ...write, ...body(0x41, 0)),
]);
