/**
 * The large inputs of the benchmark, written by hand and not by the project's own writer: a mistake
 * that reader and writer share would not show.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const MIB = 1 << 20;
const PAGE = 4096;
/** Records of guest memory in one PART, before the device gets its turn. */
const PAGES_IN_PART = 16_384;
/** Of all bytes of the stream, those of the device's state. */
const STATE_SHARE = 1 / 16;
/** The longest DATA record that QEMU 8.0 and later write. */
const DATA = MIB;

const [RAM, VFIO, TIMER, RTC, SERIAL] = [2, 7, 0, 11, 14];
const VFIO_NAME = '0000:00:04.0/vfio';
const [ZERO, MEM_SIZE, PAGE_RECORD, EOS, CONTINUE] = [0x02, 0x04, 0x08, 0x10, 0x20];
const [MULTIFD_FLUSH, MULTIFD_MAGIC, DEVICE_STATE] = [0x200, 0x11223344, 0x40];
const [END_OF_STATE, DEV_CONFIG_STATE, DEV_SETUP_STATE, DEV_DATA_STATE] = [1, 2, 3, 4];

const u16 = (value) => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const counted = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
/** A name in the 256 bytes that a packet has for it. */
const padded = (text) => Buffer.concat([Buffer.from(text, 'latin1')], 256);
const tag = (kind) => u64(0xffff_ffff_ef10_0000n + BigInt(kind));
const footer = (id) => Buffer.concat([Buffer.from([0x7e]), u32(id)]);
const named = (type, id, name, version) =>
  Buffer.concat([Buffer.from([type]), u32(id), counted(name), u32(0), u32(version)]);
const START = (id, name, version) => named(1, id, name, version);
const PART = (id) => Buffer.concat([Buffer.from([2]), u32(id)]);
const END = (id) => Buffer.concat([Buffer.from([3]), u32(id)]);
const FULL = (id, name, version) => named(4, id, name, version);

/** Gathers small pieces, so that a system call moves about a mebibyte. */
class Output {
  #fd;
  #pieces = [];
  #gathered = 0;
  written = 0;

  constructor(path) {
    this.#fd = openSync(path, 'w');
  }

  put(...pieces) {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#gathered += piece.length;
      this.written += piece.length;
    }
    if (this.#gathered >= MIB) this.#flush();
  }

  close() {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush() {
    const block = Buffer.concat(this.#pieces, this.#gathered);
    this.#pieces = [];
    this.#gathered = 0;
    for (let at = 0; at < block.length;) at += writeSync(this.#fd, block, at);
  }
}

/** Random bytes to cut payloads from; longer than any cache, and not the same from page to page. */
const noise = randomBytes(33 * MIB);
const noiseOf = (index, length) => {
  const at = (index * 131_101) % (32 * MIB);
  return noise.subarray(at, at + length);
};

/** The header of a record of mlx5 state, little-endian: size, flags, tag. */
const mlx5Header = (size, flags, tagNumber) => {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(size));
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(tagNumber, 12);
  return bytes;
};

/** A state of the mlx5 driver in pieces of at most a mebibyte: a size record, then images. */
function* mlx5Pieces(size, image) {
  let left = size;
  const prepared = Buffer.alloc(8);
  prepared.writeBigUInt64LE(BigInt(image));
  const first = Buffer.concat([mlx5Header(8, 1, 1), prepared]);
  yield first;
  left -= first.length;
  for (let index = 0; left > 16;) {
    let payload = Math.min(image, left - 16);
    yield mlx5Header(payload, 0, 0);
    left -= 16 + payload;
    for (; payload > 0; index += 1) {
      const length = Math.min(payload, DATA);
      yield noiseOf(index, length);
      payload -= length;
    }
  }
}

/** Writes a bare mlx5 state: images of 384 MiB each, or an eighth of the whole when that is less. */
export function writeMlx5(path, size) {
  const out = new Output(path);
  for (const piece of mlx5Pieces(size, Math.min(384 * MIB, Math.floor(size / 8)))) out.put(piece);
  out.close();
  return { bytes: out.written };
}

/** The configuration that QEMU saves of a ConnectX virtual function without interrupts set up. */
const pciConfig = () => {
  const bytes = Buffer.alloc(4 + 256 + 16);
  bytes.writeInt32BE(2, 0);
  bytes.writeUInt16LE(0x15b3, 4);
  bytes.writeUInt16LE(0x101e, 6);
  bytes.writeUInt16LE(0x0200, 10);
  bytes.writeUInt32LE(0x02000000, 12);
  return bytes;
};

/**
 * Writes a QEMU stream of about `size` bytes: guest memory as PAGE records with a ZERO record for
 * every sixteenth page, a VFIO device with mlx5 state beside it, devices, and the description.
 */
export function writeQemu(path, size) {
  const out = new Output(path);
  const parts = Math.max(Math.round((size * (1 - STATE_SHARE)) / (PAGES_IN_PART * PAGE)), 1);
  const pages = parts * PAGES_IN_PART;
  const state = mlx5Pieces(Math.floor(size * STATE_SHARE), 64 * MIB);

  putStart(out);
  out.put(START(RAM, 'ram', 4), u64(pages * PAGE + MEM_SIZE));
  out.put(counted('pc.ram'), u64(pages * PAGE), u64(EOS), footer(RAM));
  out.put(START(VFIO, VFIO_NAME, 1), tag(DEV_SETUP_STATE), tag(END_OF_STATE), footer(VFIO));

  let index = 0;
  const perPart = Math.ceil((size * STATE_SHARE) / DATA / parts);
  for (let part = 0; part < parts; part += 1) {
    out.put(PART(RAM));
    for (let page = 0; page < PAGES_IN_PART; page += 1, index += 1) {
      const same = index === 0 ? 0 : CONTINUE;
      const zero = index % 16 === 15;
      out.put(u64(index * PAGE + same + (zero ? ZERO : PAGE_RECORD)));
      if (index === 0) out.put(counted('pc.ram'));
      out.put(zero ? Buffer.alloc(1) : noiseOf(index, PAGE));
    }
    out.put(u64(EOS), footer(RAM));
    out.put(PART(VFIO), ...dataRecords(state, perPart), tag(END_OF_STATE), footer(VFIO));
  }
  out.put(Buffer.from([8]), u16(11), u16(0));
  out.put(END(RAM), u64(EOS), footer(RAM));
  out.put(END(VFIO), ...dataRecords(state, Infinity), tag(END_OF_STATE), footer(VFIO));
  putDevices(out, [tag(DEV_CONFIG_STATE), pciConfig(), tag(END_OF_STATE)]);
  out.close();
  return { bytes: out.written };
}

/**
 * Writes a mapped-ram file of about `size` bytes: one block of guest memory at its place in the file,
 * all of whose pages are there, and then the stream as it is without guest memory.
 */
export function writeMappedRam(path, size) {
  const out = new Output(path);
  const pages = Math.max(Math.floor(size / PAGE / 64), 1) * 64;
  const capability = Buffer.concat([u32(1), counted('mapped-ram')]);
  putStart(out, Buffer.from([5]), counted('configuration/capabilities'), u32(1), capability);
  out.put(START(RAM, 'ram', 4), u64(pages * PAGE + MEM_SIZE), counted('pc.ram'), u64(pages * PAGE));
  const bitmap = Buffer.alloc(pages / 8, 0xff);
  const bitmapOffset = out.written + 28;
  const pagesOffset = Math.ceil((bitmapOffset + bitmap.length) / MIB) * MIB;
  out.put(u32(1), u64(PAGE), u64(bitmapOffset), u64(pagesOffset), bitmap);
  out.put(Buffer.alloc(pagesOffset - out.written));
  for (let page = 0; page < pages; page += 64) out.put(noiseOf(page, 64 * PAGE));
  out.put(u64(EOS), footer(RAM), END(RAM), u64(EOS), footer(RAM));
  putDevices(out);
  out.close();
  return { bytes: out.written };
}

/**
 * Writes a main channel and four side channels, `size` bytes together: guest memory in packets of
 * 128 pages, a sixteenth of device state in packets of 1 MiB, which go round over the channels.
 */
export function writeMultifd(path, size) {
  const main = new Output(path);
  const blockLength = Math.floor(size * (1 - STATE_SHARE));
  putStart(main);
  main.put(START(RAM, 'ram', 4), u64(blockLength + MEM_SIZE), counted('pc.ram'), u64(blockLength));
  main.put(u64(MULTIFD_FLUSH), u64(EOS), footer(RAM));
  main.put(START(VFIO, VFIO_NAME, 1), tag(DEV_SETUP_STATE), tag(END_OF_STATE), footer(VFIO));
  main.put(Buffer.from([8]), u16(11), u16(0));
  main.put(END(RAM), u64(MULTIFD_FLUSH), u64(EOS), footer(RAM));
  main.put(END(VFIO), tag(END_OF_STATE), footer(VFIO));
  putDevices(main, [tag(END_OF_STATE)]);
  main.close();

  const channels = Array.from({ length: 4 }, (_, index) => `${path}-ch${index}`);
  const outs = channels.map((channel, index) => {
    const out = new Output(channel);
    out.put(u32(MULTIFD_MAGIC), u32(1), Buffer.alloc(16), Buffer.from([index]), Buffer.alloc(39));
    return out;
  });
  const perPacket = 128 * PAGE;
  const packets = Math.floor(blockLength / perPacket);
  for (let index = 0; index < packets; index += 1) {
    const offsets = Buffer.alloc(128 * 8);
    for (let page = 0; page < 128; page += 1) {
      offsets.writeBigUInt64BE(BigInt((index * 128 + page) * PAGE), page * 8);
    }
    const words = [MULTIFD_MAGIC, 1, 0, 128, 128, perPacket, 0, index, 0].map(u32);
    const header = Buffer.concat([...words, Buffer.alloc(28), padded('pc.ram'), offsets]);
    outs[index % outs.length].put(header, noiseOf(index, perPacket));
  }
  const putState = (index, flags, data) => {
    const header = [u32(MULTIFD_MAGIC), u32(1), u32(DEVICE_STATE), padded(VFIO_NAME), u32(0)];
    const inner = [u32(12 + data.length), u32(0), u32(index), u32(flags)];
    outs[index % outs.length].put(...header, ...inner, data);
  };
  let index = 0;
  for (const piece of mlx5Pieces(Math.floor(size * STATE_SHARE), 64 * MIB)) {
    putState(index, 0, piece);
    index += 1;
  }
  putState(index, 1, Buffer.concat([tag(DEV_CONFIG_STATE), pciConfig(), tag(END_OF_STATE)]));
  for (const out of outs) out.close();
  const bytes = outs.reduce((sum, { written }) => sum + written, main.written);
  return { bytes, channels };
}

/** The head of every stream, with what the configuration says beside the name of the machine. */
const putStart = (out, ...configuration) => {
  out.put(Buffer.from('QEVM'), u32(3));
  out.put(Buffer.from([7]), u32(14), Buffer.from('pc-i440fx-10.0'), ...configuration);
};

/** The devices that are saved once, among them the VFIO one where it is given, and the description. */
const putDevices = (out, vfio) => {
  const devices = [];
  const full = (id, name, version, body) => {
    devices.push({ name, instance_id: 0, vmsd_name: name, version, size: body.length });
    out.put(FULL(id, name, version), body, footer(id));
  };
  full(TIMER, 'timer', 2, Buffer.alloc(24));
  full(RTC, 'mc146818rtc', 3, noiseOf(1, 180));
  full(SERIAL, 'serial', 3, noiseOf(2, 120));
  if (vfio !== undefined) full(VFIO, VFIO_NAME, 1, Buffer.concat(vfio));
  const text = JSON.stringify({
    page_size: PAGE,
    devices: devices.map(({ size: bytes, ...device }) => ({
      ...device,
      fields: [{ name: 'data', type: 'buffer', size: bytes }],
    })),
  });
  out.put(Buffer.alloc(1), Buffer.from([6]), u32(text.length), Buffer.from(text));
};

/** The next pieces of a state, each in a DATA record, as many as are left up to `most`. */
const dataRecords = (state, most) => {
  const records = [];
  for (let count = 0; count < most; count += 1) {
    const { value, done } = state.next();
    if (done === true) break;
    records.push(tag(DEV_DATA_STATE), u64(value.length), value);
  }
  return records;
};
