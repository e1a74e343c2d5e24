import type { StateName } from '../container/session/states.ts';
import type { TargetOptions } from './target.ts';
import { ConnectionLost, type Connection } from './vfio-user-connection.ts';
import { VfioUserDevice } from './vfio-user-device.ts';
import { Server, type ServerSpec } from './vfio-user-server.ts';
import { isFailure, type Message } from './vfio-user-wire.ts';

/** The check says nothing, because what it needs did not come about. */
export class Undecided extends Error {}

/** Milliseconds in which the end of a server may follow the end of its connection. */
const lastBreath = 300;

const EINVAL = 22;

/** What the checks stand on: a server, new connections to it, and a state that it takes. */
export class ConformLab {
  readonly #server: Server;
  readonly #spec: ServerSpec;
  readonly #signal: AbortSignal;
  readonly #open: Connection[] = [];
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
      const saved = await device.save();
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

  /** A connection on which nothing was said yet. */
  async connect(): Promise<Connection> {
    const connection = await this.#server.connect(this.#signal);
    this.#open.push(connection);
    return connection;
  }

  /** A device on a connection of its own. */
  async device(): Promise<VfioUserDevice> {
    return VfioUserDevice.open(await this.connect(), this.#spec.dma);
  }

  /** A device that was brought into a state, filled with a good state where that is RESUMING. */
  async deviceIn(state: StateName): Promise<VfioUserDevice> {
    const device = await this.device();
    if (state === 'RUNNING') return device;
    let error = await device.setState(state);
    if (error < 0 && state === 'STOP' && (await device.setState('STOP_COPY')) === 0) {
      error = await device.setState(state);
    }
    if (error < 0) throw new Undecided(`the device does not go from RUNNING to ${state}`);
    if (state === 'RESUMING') await this.fill(device);
    return device;
  }

  async fill(device: VfioUserDevice): Promise<void> {
    const written = await device.write(this.goodImage());
    if (written < 0) throw new Undecided('the device does not take the state that it saved');
  }

  goodImage(): Uint8Array {
    if (this.image === undefined) throw new Undecided('the device saved no state');
    return this.image;
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
    for (const connection of this.#open.splice(0)) connection.end();
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
