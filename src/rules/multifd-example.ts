import { configBytes } from '../container/qemu/write-config.ts';
import { Output } from '../container/qemu/write-output.ts';
import { changed, endOfState, sound, vfio, vfioName } from './container-examples.ts';
import { mttyState } from './examples.ts';
import type { Example } from './rule.ts';

interface MultifdChange {
  readonly version?: number;
  /** Normal pages that the one RAM packet announces; it has one. */
  readonly normal?: number;
  /** Block and offset of that page. */
  readonly block?: string;
  readonly page?: bigint;
  readonly cut?: number;
  readonly device?: {
    readonly version?: number;
    readonly index?: number;
    readonly flags?: number;
    readonly times?: number;
  };
}

/** One packet of device state as an example writes it; what is left out is that of a sound one. */
export interface PacketDraft {
  readonly index: number;
  /** 1 says that this is the config record. */
  readonly flags?: number;
  readonly data?: Uint8Array;
  readonly idstr?: string;
}

const prefix = (out: Output, flags: number): void => {
  out.u32(0x11223344);
  out.u32(1);
  out.u32(flags);
};

const hello = (out: Output, version: number, channel: number): void => {
  out.u32(0x11223344);
  out.u32(version);
  out.zeros(16);
  out.u8(channel);
  out.zeros(39);
};

const whole = (out: Output): Uint8Array => {
  const [bytes = new Uint8Array(0)] = out.blocks(0);
  return bytes;
};

/** A side channel with one RAM packet and, where asked for, a packet of device state. */
export const multifdExample = (
  change: MultifdChange,
): { readonly container: 'multifd-channel'; readonly bytes: Uint8Array } => {
  const out = new Output(0);
  hello(out, change.version ?? 1, 0);
  prefix(out, 0);
  for (const word of [128, change.normal ?? 1, 4096, 0, 1, 0]) out.u32(word);
  out.zeros(28);
  out.text((change.block ?? 'pc.ram').padEnd(256, '\0'));
  out.u64(change.page ?? 0n);
  out.zeros(127 * 8 + 4096);
  const { device } = change;
  for (let time = 0; time < (device === undefined ? 0 : (device.times ?? 1)); time += 1) {
    prefix(out, 0x40);
    out.text(vfioName.padEnd(256, '\0'));
    for (const word of [0, 12 + 36, device?.version ?? 0, device?.index ?? 0, device?.flags ?? 0]) {
      out.u32(word);
    }
    out.zeros(36);
  }
  const bytes = whole(out);
  const length = bytes.length - (change.cut ?? 0);
  return { container: 'multifd-channel', bytes: bytes.subarray(0, length) };
};

/** A side channel of nothing but packets of device state. */
export const channelOf = (packets: readonly PacketDraft[], channel = 0): Uint8Array => {
  const out = new Output(0);
  hello(out, 1, channel);
  for (const { index, flags = 0, data = new Uint8Array(0), idstr = vfioName } of packets) {
    prefix(out, 0x40);
    out.text(idstr.padEnd(256, '\0'));
    for (const word of [0, 12 + data.length, 0, index, flags]) out.u32(word);
    out.bytes(data);
  }
  return whole(out);
};

/** The body of a config packet: the record between its two tags. */
export const configRecord = (config: Uint8Array = configBytes()): Uint8Array => {
  const out = new Output(0);
  out.u64(0xffffffff_ef100002n);
  out.bytes(config);
  out.u64(0xffffffff_ef100001n);
  return whole(out);
};

/** The packets of a device whose pre-copy data is in the main channel: the port, then the config. */
export const dataPacket: PacketDraft = { index: 0, data: mttyState.subarray(24) };
export const configPacket: PacketDraft = { index: 1, flags: 1, data: configRecord() };

const ramEnd = [
  { item: 'end', idstr: 'ram', body: [{ ram: 'MULTIFD_FLUSH' }, { ram: 'EOS' }] },
] as const;

/** The main channel of a migration whose last device state and config travel in packets. */
export const mainChannel = (
  change: Parameters<typeof changed>[0] = {},
): ReturnType<typeof changed> =>
  changed({
    ramEnd,
    end: [vfio('end', [endOfState])],
    full: [vfio('full', [endOfState])],
    ...change,
  });

/** A main channel with its side channels. */
export const together = (
  ...channels: readonly (readonly PacketDraft[])[]
): Extract<Example, { container: 'qemu' }> => ({
  ...mainChannel(),
  channels: channels.map((packets, at) => channelOf(packets, at)),
});

/** A main channel whose device state is its own, and a side channel with a page of guest memory. */
export const withPages = (
  change: Pick<MultifdChange, 'block' | 'page'>,
): Extract<Example, { container: 'qemu' }> => ({
  ...sound,
  channels: [multifdExample(change).bytes],
});

/** Two channels, and a packet of the same device in each. */
export const soundChannels = together([configPacket], [dataPacket]);
