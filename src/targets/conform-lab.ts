import type { TargetOptions } from './target.ts';
import { ConnectionLost, type Connection } from './vfio-user-connection.ts';
import type { MigrationLab } from './conform-migration.ts';
import { save } from './migration-device.ts';
import { malformed, VfioUserDevice } from './vfio-user-device.ts';
import { Server, type ServerSpec } from './vfio-user-server.ts';
import { isFailure, type Message } from './vfio-user-wire.ts';

/** Milliseconds in which the end of a server may follow the end of its connection. */
const lastBreath = 300;

const EINVAL = 22;

/** What the checks stand on: a server, new connections to it, and a state that it takes. */
export class ConformLab implements MigrationLab {
  readonly #server: Server;
  readonly #spec: ServerSpec;
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;
  /** An error without a number is the affair of another check. */
  readonly refusals = [-EINVAL, malformed];
  migration = 0n;
  /** What the device saves; undefined when it saves nothing. */
  image: Uint8Array | undefined;

  private constructor(server: Server, spec: ServerSpec, signal: AbortSignal) {
    this.#server = server;
    this.#spec = spec;
    this.#signal = signal;
  }

  static async open(
    spec: ServerSpec,
    options: TargetOptions,
    signal: AbortSignal,
  ): Promise<ConformLab> {
    const lab = new ConformLab(new Server(spec, options), spec, signal);
    try {
      const device = await lab.device();
      lab.migration = device.migration;
      const saved = await save(device);
      if (typeof saved !== 'number' && saved.length > 0) lab.image = saved;
    } catch (error) {
      // What is wrong here, a check will name.
      if (!(error instanceof ConnectionLost)) {
        await lab.#server.dispose();
        throw error;
      }
    }
    lab.hangUp();
    return lab;
  }

  /** A connection on which nothing was said yet; the one before ends. */
  async connect(): Promise<Connection> {
    this.hangUp();
    const connection = await this.#server.connect(this.#signal);
    this.#connection = connection;
    return connection;
  }

  /** A device on a connection of its own. */
  async device(): Promise<VfioUserDevice> {
    return VfioUserDevice.open(await this.connect(), this.#spec.dma);
  }

  /** How our server ended, if it did. */
  async ended(): Promise<string | undefined> {
    const end = await this.#server.endWithin(lastBreath);
    return end === undefined ? undefined : (end.signal ?? `exit ${end.code ?? 'unknown'}`);
  }

  async restart(): Promise<void> {
    await this.#server.stop();
  }

  /** Most servers talk to one client at a time. */
  hangUp(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.#server.dispose();
  }
}

/** Nothing when it was refused as it must be; an error without a number is another check's affair. */
export const refused = (what: string, reply: Message): string | undefined => {
  if (!isFailure(reply)) return `${what} was carried out`;
  if (reply.error === 0 || reply.error === EINVAL) return undefined;
  return `${what} was refused with errno ${reply.error}, not EINVAL (${EINVAL})`;
};

/** A refusal, or the end of the connection, whichever the server prefers. */
export const refusedOrClosed = async (
  what: string,
  reply: Promise<Message>,
): Promise<string | undefined> => {
  try {
    return refused(what, await reply);
  } catch (error) {
    if (error instanceof ConnectionLost && error.loss === 'closed') return undefined;
    throw error;
  }
};
