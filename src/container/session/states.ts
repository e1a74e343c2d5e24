/** `linux include/uapi/linux/vfio.h: enum vfio_device_mig_state`, by its numbers. */
export const stateNames = [
  'ERROR',
  'STOP',
  'RUNNING',
  'STOP_COPY',
  'RESUMING',
  'RUNNING_P2P',
  'PRE_COPY',
  'PRE_COPY_P2P',
] as const;
export type StateName = (typeof stateNames)[number];

export const stateOf = (number: number): StateName | undefined => stateNames[number];

/** `STOP_COPY`, or the number of what is no state. */
export const stateText = (number: number): string => stateOf(number) ?? `state ${number}`;

/**
 * What the kernel does first on the way from a row to a column; an absent cell is refused.
 * `linux drivers/vfio/vfio_main.c: vfio_mig_get_next_state()`, `vfio_from_fsm_table`.
 */
const nextHops: Readonly<Record<StateName, Partial<Record<StateName, StateName>>>> = {
  ERROR: {},
  STOP: {
    STOP: 'STOP',
    RUNNING: 'RUNNING_P2P',
    STOP_COPY: 'STOP_COPY',
    RESUMING: 'RESUMING',
    RUNNING_P2P: 'RUNNING_P2P',
    PRE_COPY: 'RUNNING_P2P',
    PRE_COPY_P2P: 'RUNNING_P2P',
  },
  RUNNING: {
    STOP: 'RUNNING_P2P',
    RUNNING: 'RUNNING',
    STOP_COPY: 'RUNNING_P2P',
    RESUMING: 'RUNNING_P2P',
    RUNNING_P2P: 'RUNNING_P2P',
    PRE_COPY: 'PRE_COPY',
    PRE_COPY_P2P: 'RUNNING_P2P',
  },
  PRE_COPY: {
    STOP: 'RUNNING',
    RUNNING: 'RUNNING',
    STOP_COPY: 'PRE_COPY_P2P',
    RESUMING: 'RUNNING',
    RUNNING_P2P: 'RUNNING',
    PRE_COPY: 'PRE_COPY',
    PRE_COPY_P2P: 'PRE_COPY_P2P',
  },
  PRE_COPY_P2P: {
    STOP: 'RUNNING_P2P',
    RUNNING: 'RUNNING_P2P',
    STOP_COPY: 'STOP_COPY',
    RESUMING: 'RUNNING_P2P',
    RUNNING_P2P: 'RUNNING_P2P',
    PRE_COPY: 'PRE_COPY',
    PRE_COPY_P2P: 'PRE_COPY_P2P',
  },
  STOP_COPY: {
    STOP: 'STOP',
    RUNNING: 'STOP',
    STOP_COPY: 'STOP_COPY',
    RESUMING: 'STOP',
    RUNNING_P2P: 'STOP',
  },
  RESUMING: {
    STOP: 'STOP',
    RUNNING: 'STOP',
    STOP_COPY: 'STOP',
    RESUMING: 'RESUMING',
    RUNNING_P2P: 'STOP',
    PRE_COPY: 'STOP',
    PRE_COPY_P2P: 'STOP',
  },
  RUNNING_P2P: {
    STOP: 'STOP',
    RUNNING: 'RUNNING',
    STOP_COPY: 'STOP',
    RESUMING: 'STOP',
    RUNNING_P2P: 'RUNNING_P2P',
    PRE_COPY: 'RUNNING',
    PRE_COPY_P2P: 'PRE_COPY_P2P',
  },
};

/** Bits of `struct vfio_device_feature_migration`. */
export const MIGRATION_STOP_COPY = 1n;
const MIGRATION_P2P = 2n;
export const MIGRATION_PRE_COPY = 4n;
const everything = MIGRATION_STOP_COPY | MIGRATION_P2P | MIGRATION_PRE_COPY;

/** Whether a device with these flags has a state; with 0, which nobody read, it may have all. */
export const hasState = (state: StateName, flags: bigint): boolean => {
  const given = flags === 0n ? everything : flags;
  if (state.endsWith('P2P') && (given & MIGRATION_P2P) === 0n) return false;
  return !state.startsWith('PRE_COPY') || (given & MIGRATION_PRE_COPY) !== 0n;
};

/**
 * The states that a device passes from one to another, the last included; undefined where the
 * kernel refuses the request. A hop to a state that the device does not have is looked up again
 * from there, as the kernel does.
 */
export const pathBetween = (
  from: StateName,
  to: StateName,
  flags: bigint,
): readonly StateName[] | undefined => {
  if (to === 'ERROR' || from === 'ERROR' || !hasState(to, flags)) return undefined;
  const path: StateName[] = [];
  let at: StateName = from;
  // The longest way between two states of the table has four hops.
  for (let hop = 0; hop < 8 && at !== to; hop += 1) {
    const next: StateName | undefined = nextHops[at][to];
    if (next === undefined) return undefined;
    at = next;
    if (hasState(at, flags)) path.push(at);
  }
  return at === to ? path : undefined;
};

/** States in which a `data_fd` can be read. */
export const isSaving = (state: StateName): boolean =>
  state === 'STOP_COPY' || state === 'PRE_COPY' || state === 'PRE_COPY_P2P';

/**
 * Whether the kernel hands out a new `data_fd` at the end of a path: on entering RESUMING or the
 * saving states from outside, and not between PRE_COPY and STOP_COPY.
 */
export const givesDataFd = (from: StateName, path: readonly StateName[]): boolean => {
  const last = path.at(-1);
  if (last === undefined) return false;
  const before = path.at(-2) ?? from;
  return last === 'RESUMING' || (isSaving(last) && !isSaving(before));
};

/** The bits of v1 (`linux v5.8 include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_*`) as the states of v2. */
const v1States: readonly (StateName | undefined)[] = [
  'STOP',
  'RUNNING',
  'STOP_COPY',
  'PRE_COPY',
  'RESUMING',
  undefined,
  'ERROR',
];

export const v1Mask = 7n;

export const v1StateOf = (value: bigint): StateName | undefined => v1States[Number(value & v1Mask)];
