import { constants } from 'node:os';
import {
  DEVICE_FEATURE,
  DEVICE_RESET,
  defaultTransfer,
  MIG_DATA_READ,
  MIG_DATA_WRITE,
  REGION_READ,
  VERSION,
} from '../container/session/commands.ts';
import { FEATURE_GET, FEATURE_SET } from '../container/session/format.ts';
import { stateNames, type StateName } from '../container/session/states.ts';
import type { MigrationDevice } from './migration-device.ts';
import type { Answer } from './session.ts';
import type { Connection } from './vfio-user-connection.ts';
import { isFailure, words, type Message } from './vfio-user-wire.ts';

const DMA_MAP = 2;
export const DEVICE_GET_INFO = 4;
export const DEVICE_GET_REGION_INFO = 5;
export const MIGRATION = 1;
const MIG_DEVICE_STATE = 2;

/** Read and write: `VFIO_USER_F_DMA_REGION_*`. */
const dmaReadWrite = 3;
export const mostRegions = 64;
/** A stretch of the guest's address space that the server is told of. */
export interface DmaRange {
  readonly address: bigint;
  readonly size: bigint;
}

/** A server refused what a device must be able to do before it can be a target. */
export class NotMigratable extends Error {}

/** A device behind a connection, in the words of a restore session. */
export class VfioUserDevice implements MigrationDevice {
  readonly connection: Connection;
  /** Bytes that one message of data may carry. */
  readonly transfer: number;
  /** `struct vfio_device_feature_migration`: what the device can do. */
  readonly migration: bigint;
  readonly #regions: readonly number[];

  private constructor(
    connection: Connection,
    transfer: number,
    migration: bigint,
    regions: readonly number[],
  ) {
    this.connection = connection;
    this.transfer = transfer;
    this.migration = migration;
    this.#regions = regions;
  }

  /** Negotiates, looks at the regions, maps memory, and asks for the migration feature. */
  static async open(connection: Connection, dma: readonly DmaRange[]): Promise<VfioUserDevice> {
    const version = await connection.request(VERSION, versionBody());
    if (isFailure(version)) throw new NotMigratable(`VERSION was refused with ${version.error}`);
    const transfer = transferOf(version.body);
    const regions = await regionsOf(connection);
    for (const range of dma) {
      const { error } = await connection.request(DMA_MAP, dmaBody(range));
      if (error !== 0) throw new NotMigratable(`DMA_MAP was refused with errno ${error}`);
    }
    const feature = await connection.request(DEVICE_FEATURE, words(16, MIGRATION | FEATURE_GET));
    if (isFailure(feature) || feature.body.length < 16) {
      throw new NotMigratable(`the device has no migration feature (errno ${feature.error})`);
    }
    return new VfioUserDevice(connection, transfer, feature.body.readBigUInt64LE(8), regions);
  }

  async setState(state: StateName | number): Promise<number> {
    const number = typeof state === 'number' ? state : stateNames.indexOf(state);
    return answerOf(
      await this.connection.request(
        DEVICE_FEATURE,
        words(16, MIG_DEVICE_STATE | FEATURE_SET, number, -1),
      ),
    );
  }

  async state(): Promise<number> {
    const body = words(16, MIG_DEVICE_STATE | FEATURE_GET, 0, 0);
    const reply = await this.connection.request(DEVICE_FEATURE, body);
    if (isFailure(reply)) return answerOf(reply);
    return reply.body.length < 12 ? malformed : reply.body.readUInt32LE(8);
  }

  async reset(): Promise<number> {
    return answerOf(await this.connection.request(DEVICE_RESET, new Uint8Array(0)));
  }

  /** Resets, and says whether the device then runs as a new one does. */
  async renew(): Promise<boolean> {
    // Together, so that it costs one round trip, and neither is left when the connection goes.
    const [reset, state] = await Promise.all([this.reset(), this.state()]);
    return reset >= 0 && state === stateNames.indexOf('RUNNING');
  }

  /** One write; only what no message can carry is cut. */
  async write(bytes: Uint8Array): Promise<number> {
    let at = 0;
    do {
      const piece = bytes.subarray(at, at + this.transfer);
      const body = Buffer.allocUnsafe(8 + piece.length);
      body.writeUInt32LE(8 + piece.length, 0);
      body.writeUInt32LE(piece.length, 4);
      body.set(piece, 8);
      const answer = answerOf(await this.connection.request(MIG_DATA_WRITE, body));
      if (answer < 0) return answer;
      at += piece.length;
    } while (at < bytes.length);
    return bytes.length;
  }

  /** One read: the bytes that are valid, none at the end, or `-errno`. */
  async read(size: number): Promise<Answer> {
    const reply = await this.connection.request(MIG_DATA_READ, words(8 + size, size));
    if (isFailure(reply)) return answerOf(reply);
    const valid = reply.body.length < 8 ? 0 : reply.body.readUInt32LE(4);
    return reply.body.subarray(8, 8 + Math.min(valid, size));
  }

  /** The guest looks at the beginning of each region. */
  async use(): Promise<number> {
    for (const region of this.#regions) {
      await this.connection.request(REGION_READ, words(0, 0, region, 4));
    }
    return 0;
  }
}

/** What a reply comes to that does not say what it must. */
export const malformed = -constants.errno.EPROTO;

/** 0, or `-errno`. */
const answerOf = (reply: Message): number => {
  if (!isFailure(reply)) return 0;
  return reply.error === 0 || reply.error > 4095 ? malformed : -reply.error;
};

export const versionBody = (
  capabilities: object = { max_msg_fds: 8, max_data_xfer_size: defaultTransfer },
): Buffer =>
  // Major 0 and minor 1 in 32 bits.
  Buffer.concat([words(1 << 16), Buffer.from(`${JSON.stringify({ capabilities })}\0`)]);

/** What the server takes in one message, if it says so and says what can be. */
const transferOf = (body: Buffer): number => {
  try {
    const { capabilities } = JSON.parse(body.subarray(4, body.indexOf(0, 4)).toString()) as {
      readonly capabilities?: { readonly max_data_xfer_size?: unknown };
    };
    const most = capabilities?.max_data_xfer_size;
    if (typeof most !== 'number' || !Number.isInteger(most) || most < 1) return defaultTransfer;
    return Math.min(most, defaultTransfer);
  } catch {
    return defaultTransfer;
  }
};

/** The regions that can be read, by number. */
const regionsOf = async (connection: Connection): Promise<readonly number[]> => {
  const device = await connection.request(DEVICE_GET_INFO, words(16, 0, 0, 0));
  if (isFailure(device) || device.body.length < 16) return [];
  const regions: number[] = [];
  const count = Math.min(device.body.readUInt32LE(8), mostRegions);
  for (let index = 0; index < count; index += 1) {
    const region = await connection.request(
      DEVICE_GET_REGION_INFO,
      words(32, 0, index, 0, 0, 0, 0, 0),
    );
    if (isFailure(region) || region.body.length < 32) continue;
    const isReadable = (region.body.readUInt32LE(4) & 1) !== 0;
    if (isReadable && region.body.readBigUInt64LE(16) >= 4n) regions.push(index);
  }
  return regions;
};

/** `struct vfio_user_dma_map`: argsz, flags, offset, address, size; no descriptor comes with it. */
const dmaBody = ({ address, size }: DmaRange): Buffer => {
  const body = Buffer.alloc(32);
  body.writeUInt32LE(32, 0);
  body.writeUInt32LE(dmaReadWrite, 4);
  body.writeBigUInt64LE(address, 16);
  body.writeBigUInt64LE(size, 24);
  return body;
};
