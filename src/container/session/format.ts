/**
 * The session log of `docs/sessions.md`: a header, then records that each begin with a sync word.
 * All numbers are little-endian, as the structures inside the records are on every host that has a
 * migration driver.
 */
export const sessionMagic = Uint8Array.of(0x89, 0x56, 0x53, 0x45, 0x53, 0x53, 0x0d, 0x0a);
export const sessionVersion = 1;
export const sessionHeaderLength = 16;

/** `VREC` */
export const recordSync = Uint8Array.of(0x56, 0x52, 0x45, 0x43);
export const recordHeaderLength = 32;
/** A record announces no more than this; a call that moves more is recorded as several. */
export const longestRecord = 1 << 30;

export const recordKinds = {
  device: 1,
  message: 2,
  feature: 3,
  read: 4,
  write: 5,
  'precopy-info': 6,
  reset: 7,
  'region-read': 8,
  'region-write': 9,
} as const;
export type RecordKind = keyof typeof recordKinds;

const kindNames = new Map<number, RecordKind>(
  Object.entries(recordKinds).map(([name, number]) => [number, name as RecordKind]),
);
export const recordKindOf = (number: number): RecordKind | undefined => kindNames.get(number);

/** Who sent a message; calls of user space into a driver have none. */
export const directions = { call: 0, client: 1, server: 2 } as const;

/** What a DEVICE record says that the records of its number speak. */
export const protocols = { 'vfio-user': 1, v2: 2, v1: 3 } as const;
export type Protocol = keyof typeof protocols;

const protocolNames = new Map<number, Protocol>(
  Object.entries(protocols).map(([name, number]) => [number, name as Protocol]),
);
export const protocolOf = (number: number): Protocol | undefined => protocolNames.get(number);

export const deviceRecordLength = 24;
/** The state of a device that nobody knew when the recording began. */
export const stateUnknown = 0xffff_ffff;

/** Bytes of `struct vfio_precopy_info`, of `struct vfio_device_feature` and of a MIG_DATA head. */
export const precopyInfoLength = 24;
export const featureHeadLength = 8;
export const dataHeadLength = 8;

/** `linux include/uapi/linux/vfio.h`: bits 16 to 18 of the flags of a feature. */
export const FEATURE_GET = 1 << 16;
export const FEATURE_SET = 1 << 17;
export const FEATURE_PROBE = 1 << 18;
export const featureMask = 0xffff;

export interface FeatureShape {
  readonly name: string;
  /** Bytes behind the eight of the head. */
  readonly size: number;
  readonly get: boolean;
  readonly set: boolean;
}

/** `linux include/uapi/linux/vfio.h: VFIO_DEVICE_FEATURE_*`, all that there are. */
export const featureShapes: ReadonlyMap<number, FeatureShape> = new Map([
  [0, { name: 'PCI_VF_TOKEN', size: 16, get: false, set: true }],
  [1, { name: 'MIGRATION', size: 8, get: true, set: false }],
  [2, { name: 'MIG_DEVICE_STATE', size: 8, get: true, set: true }],
  [3, { name: 'LOW_POWER_ENTRY', size: 0, get: false, set: true }],
  [4, { name: 'LOW_POWER_ENTRY_WITH_WAKEUP', size: 8, get: false, set: true }],
  [5, { name: 'LOW_POWER_EXIT', size: 0, get: false, set: true }],
  [6, { name: 'DMA_LOGGING_START', size: 24, get: false, set: true }],
  [7, { name: 'DMA_LOGGING_STOP', size: 0, get: false, set: true }],
  [8, { name: 'DMA_LOGGING_REPORT', size: 32, get: true, set: false }],
  [9, { name: 'MIG_DATA_SIZE', size: 8, get: true, set: false }],
  [10, { name: 'BUS_MASTER', size: 4, get: false, set: true }],
  [11, { name: 'DMA_BUF', size: 16, get: true, set: false }],
  [12, { name: 'MIG_PRECOPY_INFOv2', size: 0, get: false, set: true }],
]);

const errnoNames: ReadonlyMap<number, string> = new Map([
  [1, 'EPERM'],
  [4, 'EINTR'],
  [5, 'EIO'],
  [7, 'E2BIG'],
  [9, 'EBADF'],
  [11, 'EAGAIN'],
  [12, 'ENOMEM'],
  [14, 'EFAULT'],
  [16, 'EBUSY'],
  [19, 'ENODEV'],
  [22, 'EINVAL'],
  [25, 'ENOTTY'],
  [27, 'EFBIG'],
  [28, 'ENOSPC'],
  [29, 'ESPIPE'],
  [42, 'ENOMSG'],
  [75, 'EOVERFLOW'],
  [95, 'EOPNOTSUPP'],
  [104, 'ECONNRESET'],
  [110, 'ETIMEDOUT'],
]);

export const ENOMSG = 42;

/** The name of a result below 0: `EINVAL`, or `errno 200`. */
export const errnoText = (result: number): string => errnoNames.get(-result) ?? `errno ${-result}`;

/** Results after which the same call is made again; they refuse nothing. */
export const isRetry = (result: number): boolean => result === -4 || result === -11;
