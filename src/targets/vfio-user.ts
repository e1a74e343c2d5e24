import { constants } from 'node:os';
import { deathOf, type Death } from './child.ts';
import { carryOut } from './migration-device.ts';
import { errnoName, resultOf, session } from './session.ts';
import { Symbols } from './symbols.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Outcome,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';
import { ConnectionLost } from './vfio-user-connection.ts';
import { NotMigratable, VfioUserDevice } from './vfio-user-device.ts';
import { Server, serverSpecOf, type ServerSpec } from './vfio-user-server.ts';

const abilities: Abilities = {
  session: true,
  save: true,
  run: true,
  reset: true,
  coverage: false,
  comparisons: false,
  batch: 64,
};

/** Milliseconds in which the end of a server may follow the end of its connection. */
const lastBreath = 500;
const mostStarts = 5;
const mostMessage = 1 << 16;

const interrupted: Outcome = { kind: 'unavailable', reason: 'interrupted' };

/** A vfio-user server on a UNIX socket: `vfio-user:SOCKET`, or `vfio-user:cmd=./server {}`. */
export const openVfioUser = async (rest: string, options: TargetOptions): Promise<Target> => {
  const spec = serverSpecOf(rest);
  const target = new VfioUserTarget(`vfio-user:${rest}`, spec, options);
  try {
    await target.start();
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
  return target;
};

class VfioUserTarget implements Target {
  readonly id: string;
  readonly abilities = abilities;
  readonly #spec: ServerSpec;
  readonly #server: Server;
  readonly #symbols = new Symbols();
  #device: VfioUserDevice | undefined;
  #isNew = false;

  constructor(id: string, spec: ServerSpec, options: TargetOptions) {
    this.id = id;
    this.#spec = spec;
    this.#server = new Server(spec, options);
  }

  /** Connects for the first time, so that what is missing is said before a campaign begins. */
  async start(): Promise<void> {
    await this.#renewed(new AbortController().signal);
  }

  async run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const execution of executions) {
      results.push(signal.aborted ? resultOf(interrupted) : await this.#restore(execution, signal));
    }
    return results;
  }

  async #restore(execution: Execution, signal: AbortSignal): Promise<Result> {
    let device: VfioUserDevice;
    try {
      device = await this.#renewed(signal);
    } catch (error) {
      if (error instanceof TargetUnavailable) {
        return resultOf({ kind: 'unavailable', reason: error.message });
      }
      throw error;
    }
    const { connection } = device;
    const interrupt = (): void => connection.end();
    signal.addEventListener('abort', interrupt, { once: true });
    const started = process.hrtime.bigint();
    const answers: (number | undefined)[] = [];
    const calls = session(execution, answers);
    let doing = '';
    try {
      let next = calls.next();
      while (next.done !== true) {
        doing = next.value.do;
        next = calls.next(await carryOut(device, next.value));
      }
      const nanoseconds = Number(process.hrtime.bigint() - started);
      return resultOf(next.value.outcome, { ...next.value, nanoseconds });
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.#device = undefined;
      const nanoseconds = Number(process.hrtime.bigint() - started);
      const { outcome, message } = await this.#deathOf(error, doing, signal);
      const steps = execution.steps.map((_, index) => answers[index]);
      // A server that has done one of these things is not one to go on with.
      if (outcome.kind !== 'rejected') await this.#server.stop();
      return resultOf(outcome, { steps, message, nanoseconds });
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  }

  /** What it means that a connection was lost in the middle of an execution. */
  async #deathOf(lost: ConnectionLost, doing: string, signal: AbortSignal): Promise<Death> {
    const { loss, message } = lost;
    const say = (outcome: Outcome): Death => ({
      outcome,
      message: `${message}\n${this.#server.said()}`.slice(0, mostMessage),
    });
    if (loss === 'ended' || signal.aborted) return say(interrupted);
    const end = await this.#server.endWithin(loss === 'silent' ? 0 : lastBreath);
    if (end !== undefined) {
      const death = await deathOf(end, this.#server.program ?? '', this.#symbols);
      if (death !== undefined) return death;
      return say({ kind: 'crashed', signal: `exit ${end.code ?? 'unknown'}`, stack: [] });
    }
    switch (loss) {
      case 'silent':
        return say({ kind: 'hung' });
      case 'flood':
        return say({ kind: 'exhausted', what: 'output' });
      case 'malformed':
        return say({ kind: 'crashed', signal: 'malformed-reply', stack: [] });
      case 'closed':
        break;
    }
    try {
      // A server that drops the connection and takes another one has refused.
      await this.#connected(signal);
      return say({
        kind: 'rejected',
        reason: `${doing}: ${errnoName(-constants.errno.ECONNRESET)}`,
      });
    } catch (error) {
      if (!(error instanceof TargetUnavailable)) throw error;
      return say({ kind: 'crashed', signal: 'connection-lost', stack: [] });
    }
  }

  /** A device as after its start, by the mildest way that the person allows and that works. */
  async #renewed(signal: AbortSignal): Promise<VfioUserDevice> {
    const { fresh } = this.#spec;
    if (this.#device !== undefined && !this.#isNew && fresh === 'reset') {
      try {
        if (await this.#device.renew()) return this.#device;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
    if (!this.#isNew) {
      this.#device?.connection.end();
      this.#device = undefined;
      if (fresh === 'restart') await this.#server.stop();
    }
    const device = this.#device ?? (await this.#connected(signal));
    this.#isNew = false;
    return device;
  }

  /** Connects until a server answers whose device runs; ours is started anew when it does not. */
  async #connected(signal: AbortSignal): Promise<VfioUserDevice> {
    for (let starts = 1; ; starts += 1) {
      const connection = await this.#server.connect(signal);
      try {
        const device = await VfioUserDevice.open(connection, this.#spec.dma);
        if (await device.renew()) {
          this.#device = device;
          this.#isNew = true;
          return device;
        }
        connection.end();
        throw new NotMigratable('after a reset the device is not in RUNNING');
      } catch (error) {
        connection.end();
        if (!(error instanceof NotMigratable) && !(error instanceof ConnectionLost)) throw error;
        if (starts === mostStarts || signal.aborted || this.#server.program === undefined) {
          throw new TargetUnavailable(error.message);
        }
        await this.#server.stop();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#device?.connection.end();
    this.#device = undefined;
    await this.#server.dispose();
  }
}
