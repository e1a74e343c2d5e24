import type { Draft } from '../layout/draft.ts';

export type Packet = Readonly<Record<string, Draft>>;

/** PCI device ids of the virtual functions that the driver knows. */
export const DEVICES: readonly number[] = [
  ...[0xb080, 0xb081, 0xb082, 0xb083, 0xb084, 0xb085, 0xb086, 0xb087, 0xb08f, 0xb090, 0xb0a0],
  ...[0xb0b0, 0xfd80, 0xfd81, 0xe202, 0xe209, 0xe20b, 0xe20c, 0xe20d, 0xe210, 0xe211, 0xe212],
  ...[0xe216, 0xe220, 0xe221, 0xe222, 0xe223],
];

export const devid = (value = 0xb080n): Packet => ({
  key: 'MIGRATION_KLV_DEVICE_DEVID',
  value: { devid: value },
});
export const revid = (value = 4n): Packet => ({
  key: 'MIGRATION_KLV_DEVICE_REVID',
  value: { revid: value },
});

export const descriptor = (klvs: readonly Draft[] = [devid(), revid()]): Packet => ({
  type: 'DESCRIPTOR',
  data: klvs,
});

/** Words of eight bytes, as they lie in memory. */
export const words = (...values: readonly bigint[]): Uint8Array => {
  const raw = new Uint8Array(8 * values.length);
  const view = new DataView(raw.buffer);
  values.forEach((value, index) => {
    view.setBigUint64(8 * index, value, true);
  });
  return raw;
};

const firmware = Uint8Array.from({ length: 16 }, (_, index) => index);

export const guc = (gt = 0n, changed: Packet = {}): Packet => ({
  type: 'GUC',
  gt_id: gt,
  data: firmware,
  ...changed,
});
export const ggtt = (entries: Uint8Array = words(0x1001n, 0x2001n)): Packet => ({
  type: 'GGTT',
  data: entries,
});
export const mmio = (gt = 0n, changed: Packet = {}): Packet => ({
  type: 'MMIO',
  gt_id: gt,
  data: { regs: [1n, 2n, 3n, 4n] },
  ...changed,
});
export const vram = (offset: bigint, size: number, changed: Packet = {}): Packet => ({
  type: 'VRAM',
  offset,
  data: new Uint8Array(size).fill(0x5a),
  ...changed,
});
export const trailer = (changed: Packet = {}): Packet => ({ type: 'TRAILER', ...changed });

/** Two GTs without local memory, as Panther Lake has them. */
export const xeParts = {
  descriptor: descriptor(),
  guc0: guc(),
  ggtt: ggtt(),
  mmio0: mmio(),
  guc1: guc(1n),
  mmio1: mmio(1n),
  trailer: trailer(),
};

export type XeParts = Partial<Record<keyof typeof xeParts, readonly Packet[]>>;

/** A save in which some packets are replaced by none, one or several others. */
export const xeSave = (changed: XeParts = {}): readonly Packet[] =>
  Object.entries(xeParts).flatMap(
    ([name, packet]) => changed[name as keyof typeof xeParts] ?? [packet],
  );

export const xeSample: Draft = xeSave();
