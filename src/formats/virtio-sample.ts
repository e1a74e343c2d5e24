import type { Draft } from '../layout/draft.ts';

type Fields = Readonly<Record<string, Draft>>;

/** Offered: 5 (MAC), 16 (status), 32 (version 1), 38 (notification data). */
const DEVICE_FEATURES = 0x41_0001_0020n;
/** Taken by the guest: 5 and 32. */
const DRIVER_FEATURES = 0x1_0000_0020n;

export const deviceFeatures = (bits = DEVICE_FEATURES, header: Fields = {}): Fields => ({
  part_type: 'DEV_FEATURES',
  flags: 1n,
  value: { device_features: bits },
  ...header,
});

export const driverFeatures = (bits = DRIVER_FEATURES): Fields => ({
  part_type: 'DRV_FEATURES',
  value: { driver_features: bits },
});

/** A field of the common configuration; `length` is what the value takes there. */
export const commonConfig = (offset: bigint, length: bigint, value: Draft = 0n): Fields => ({
  part_type: 'PCI_COMMON_CFG',
  selector: { offset },
  length,
  value,
});

/** ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK. */
export const deviceStatus = (bits = 0x0fn): Fields => ({ part_type: 'DEVICE_STATUS', value: bits });

export const queue = (index: bigint, changed: Fields = {}): Fields => ({
  part_type: 'VQ_CFG',
  selector: { vq_index: index },
  value: {
    queue_size: 256n,
    vector: 1n,
    enabled: 1n,
    queue_desc: 0x1000_0000n + (index << 16n),
    queue_driver: 0x1000_1000n + (index << 16n),
    queue_device: 0x1000_2000n + (index << 16n),
    ...changed,
  },
});

export const notifyConfig = (index: bigint): Fields => ({
  part_type: 'VQ_NOTIFY_CFG',
  selector: { vq_index: index },
  value: {},
});

/** The parts of a device with one queue, each of which can be replaced. */
export const parts = (changed: Readonly<Record<string, Draft>> = {}): readonly Draft[] =>
  Object.values({
    offered: deviceFeatures(),
    taken: driverFeatures(),
    config: commonConfig(16n, 2n),
    status: deviceStatus(),
    queue: queue(0n),
    ...changed,
  });

export const context = (of: readonly Draft[] = parts()): Fields => ({ data: of });

/** One context, as a save in STOP_COPY without PRE_COPY writes it. */
export const virtioSample: readonly Draft[] = [context()];
