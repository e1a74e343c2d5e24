import type { RegisterName } from './events.ts';

/** `linux v5.8 include/uapi/linux/vfio.h: struct vfio_device_migration_info`. */
const registers: readonly {
  readonly name: RegisterName;
  readonly at: number;
  readonly width: 4 | 8;
}[] = [
  { name: 'device_state', at: 0, width: 4 },
  { name: 'reserved', at: 4, width: 4 },
  { name: 'pending_bytes', at: 8, width: 8 },
  { name: 'data_offset', at: 16, width: 8 },
  { name: 'data_size', at: 24, width: 8 },
];

/** Where the data of a migration region can begin. */
export const controlLength = 32n;

/** The register that begins at an offset of the region, or that data stands there. */
export const registerAt = (
  at: bigint,
): 'data' | { readonly name: RegisterName | 'none'; readonly width: number } => {
  if (at >= controlLength) return 'data';
  return registers.find((one) => BigInt(one.at) === at) ?? { name: 'none', width: 0 };
};

export const widthOf = (name: string): number | undefined =>
  registers.find((one) => one.name === name)?.width;
