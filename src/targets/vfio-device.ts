import { setTimeout as sleep } from 'node:timers/promises';
import { stateNames } from '../container/session/states.ts';
import { programOf } from './child.ts';
import { TargetSpecError } from './open.ts';
import { TargetUnavailable, type TargetOptions } from './target.ts';
import { HelperLost, operations, VfioHelper } from './vfio-helper.ts';
import { helperWords, vfioSpecOf, type VfioSpec } from './vfio-spec.ts';

const mostMessage = 1 << 16;
/** Milliseconds in which a killed helper ends; one that hangs in the kernel never does. */
const lastBreath = 3000;

/** A device of this kernel with a helper that makes the calls, and another that reads the kernel's log. */
export class VfioDevice {
  readonly name: string;
  readonly #program: string;
  readonly #options: TargetOptions;
  #helper: VfioHelper | undefined;
  #log: VfioHelper | undefined;
  /** `struct vfio_device_feature_migration`. */
  migration = 0n;

  private constructor({ device, helper }: VfioSpec, options: TargetOptions) {
    this.name = device;
    this.#program = programOf(helper);
    this.#options = options;
  }

  /** Opens what stands behind `vfio:`, only where the person said that it may be touched. */
  static async open(rest: string, options: TargetOptions): Promise<VfioDevice> {
    const spec = vfioSpecOf(rest);
    if (!options.allowDevice) {
      throw new TargetSpecError(
        'vfio: attacks this kernel, which may panic; --allow-device allows it',
      );
    }
    const device = new VfioDevice(spec, options);
    try {
      await device.#start();
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
    return device;
  }

  async #start(): Promise<void> {
    const log = new VfioHelper(this.#program, ['log'], this.#options);
    this.#log = log;
    const { value, bytes } = await answered(log.hello());
    if (value < 0) {
      this.#log = undefined;
      this.#options.warn(`the kernel's log is not seen (${bytes.toString()}): oopses go unnoticed`);
    }
    const helper = await this.renewed();
    const able = await answered(helper.ask(operations.migration));
    if (able.value < 0 || able.bytes.length < 8) {
      throw new TargetUnavailable(`${this.name} has no migration feature`);
    }
    this.migration = able.bytes.readBigUInt64LE(0);
  }

  /** A device in RUNNING, by a reset, by opening it again, or behind a new helper. */
  async renewed(): Promise<VfioHelper> {
    const old = this.#helper;
    try {
      if (old !== undefined) {
        await old.reset();
        if (await isRunning(old)) return old;
        if ((await old.ask(operations.reopen)).value >= 0 && (await isRunning(old))) return old;
      }
    } catch (error) {
      if (!(error instanceof HelperLost)) throw error;
    }
    await this.drop();
    const helper = new VfioHelper(this.#program, helperWords(this.name), this.#options);
    this.#helper = helper;
    const { value, bytes } = await answered(helper.hello());
    if (value < 0) {
      await this.drop();
      throw new TargetUnavailable(bytes.toString());
    }
    await answered(helper.reset());
    if ((await answered(helper.state())) === stateNames.indexOf('RUNNING')) return helper;
    throw new TargetUnavailable(`${this.name} is not in RUNNING when it was opened`);
  }

  /** What the kernel has said since the last time. */
  async said(): Promise<string> {
    try {
      const lines = await this.#log?.ask(operations.log);
      return lines === undefined ? '' : lines.bytes.toString().slice(0, mostMessage);
    } catch (error) {
      if (!(error instanceof HelperLost)) throw error;
      this.#log = undefined;
      this.#options.warn("the kernel's log is not seen any more");
      return '';
    }
  }

  /** Lets go of the device, whatever it is doing. */
  async drop(): Promise<void> {
    const helper = this.#helper;
    this.#helper = undefined;
    helper?.child.kill();
    if (helper !== undefined) await endOf(helper);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
    this.#log?.child.kill();
    if (this.#log !== undefined) await endOf(this.#log);
  }
}

export type End = Awaited<VfioHelper['child']['ended']> | undefined;

/** How a helper ended; undefined when it does not. */
export const endOf = async ({ child }: VfioHelper): Promise<End> => {
  const limit = new AbortController();
  const late = sleep(lastBreath, undefined, { signal: limit.signal }).catch(() => undefined);
  return Promise.race([child.ended, late]).finally(() => limit.abort());
};

const answered = async <Value>(work: Promise<Value>): Promise<Value> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HelperLost) throw new TargetUnavailable(error.message);
    throw error;
  }
};

const isRunning = async (helper: VfioHelper): Promise<boolean> =>
  (await helper.state()) === stateNames.indexOf('RUNNING');
