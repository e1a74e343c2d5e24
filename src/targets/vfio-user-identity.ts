import { DEVICE_FEATURE, REGION_READ, VERSION } from '../container/session/commands.ts';
import { FEATURE_GET } from '../container/session/format.ts';
import { Connection, ConnectionLost } from './vfio-user-connection.ts';
import {
  DEVICE_GET_INFO,
  DEVICE_GET_REGION_INFO,
  MIGRATION,
  mostRegions,
  NotMigratable,
  versionBody,
} from './vfio-user-device.ts';
import { isFailure, words } from './vfio-user-wire.ts';

/** `linux include/uapi/linux/vfio.h: VFIO_DEVICE_FLAGS_PCI`, `VFIO_PCI_CONFIG_REGION_INDEX`. */
const FLAG_PCI = 2;
const CONFIG_REGION = 7;
const configHead = 64;

/** What a server says of its device to a client that changes nothing of it. */
export interface ServerIdentity {
  /** Of the protocol, as the server answers it: `0.1`. */
  readonly protocol: string;
  /** `struct vfio_device_info`. */
  readonly flags: number;
  readonly isPci: boolean;
  /** The first registers of the PCI config space; undefined where they cannot be read. */
  readonly config: Uint8Array | undefined;
  /** Index and bytes of every region that is there. */
  readonly regions: readonly { readonly index: number; readonly size: bigint }[];
  readonly interrupts: number;
  /** `struct vfio_device_feature_migration`; undefined for a device that cannot migrate. */
  readonly migration: bigint | undefined;
}

/**
 * Asks a running server which device it has. No state is set, nothing is reset or mapped, so a device
 * in use is not disturbed; a server that takes one client and has it does not answer.
 *
 * @param timeout milliseconds for each answer
 */
export const identityOf = async (socket: string, timeout: number): Promise<ServerIdentity> => {
  const connection = await Connection.open(socket, timeout);
  try {
    return await identity(connection);
  } catch (error) {
    if (error instanceof ConnectionLost) throw new NotMigratable(error.message);
    throw error;
  } finally {
    connection.end();
  }
};

const identity = async (connection: Connection): Promise<ServerIdentity> => {
  const version = await connection.request(VERSION, versionBody());
  if (isFailure(version) || version.body.length < 4) {
    throw new NotMigratable(`VERSION was refused with errno ${version.error}`);
  }
  const info = await connection.request(DEVICE_GET_INFO, words(16, 0, 0, 0));
  if (isFailure(info) || info.body.length < 16) {
    throw new NotMigratable(`DEVICE_GET_INFO was refused with errno ${info.error}`);
  }
  const regions = await regionsOf(connection, Math.min(info.body.readUInt32LE(8), mostRegions));
  const flags = info.body.readUInt32LE(4);
  const isPci = (flags & FLAG_PCI) !== 0;
  const feature = await connection.request(DEVICE_FEATURE, words(16, MIGRATION | FEATURE_GET));
  const canMigrate = !isFailure(feature) && feature.body.length >= 16;
  return {
    protocol: `${version.body.readUInt16LE(0)}.${version.body.readUInt16LE(2)}`,
    flags,
    isPci,
    config: isPci ? await configOf(connection, regions) : undefined,
    regions,
    interrupts: info.body.readUInt32LE(12),
    migration: canMigrate ? feature.body.readBigUInt64LE(8) : undefined,
  };
};

const regionsOf = async (
  connection: Connection,
  count: number,
): Promise<ServerIdentity['regions']> => {
  const regions: ServerIdentity['regions'][number][] = [];
  for (let index = 0; index < count; index += 1) {
    const body = words(32, 0, index, 0, 0, 0, 0, 0);
    const region = await connection.request(DEVICE_GET_REGION_INFO, body);
    if (isFailure(region) || region.body.length < 32) continue;
    const size = region.body.readBigUInt64LE(16);
    if (size > 0n) regions.push({ index, size });
  }
  return regions;
};

/** `struct vfio_user_region_access`: offset, region, count; the answer repeats it before the bytes. */
const configOf = async (
  connection: Connection,
  regions: ServerIdentity['regions'],
): Promise<Uint8Array | undefined> => {
  const region = regions.find(({ index }) => index === CONFIG_REGION);
  if (region === undefined || region.size < BigInt(configHead)) return undefined;
  const reply = await connection.request(REGION_READ, words(0, 0, CONFIG_REGION, configHead));
  if (isFailure(reply) || reply.body.length < 16 + configHead) return undefined;
  return reply.body.subarray(16, 16 + configHead);
};
