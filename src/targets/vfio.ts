import { setTimeout as sleep } from 'node:timers/promises';
import { stateNames, type StateName } from '../container/session/states.ts';
import { abortReportIn } from './abort-report.ts';
import { programOf } from './child.ts';
import { TargetSpecError } from './open.ts';
import { resultOf, session, type Answer, type Call } from './session.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Outcome,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';
import { HelperLost, operations, VfioHelper } from './vfio-helper.ts';
import { helperWords, vfioSpecOf } from './vfio-spec.ts';

const abilities: Abilities = {
  session: true,
  save: true,
  run: true,
  reset: true,
  coverage: false,
  comparisons: false,
  batch: 16,
  endangers: true,
};

const mostMessage = 1 << 16;
const mostSaved = 64 << 20;
const readAtOnce = 1 << 20;
/** Milliseconds in which a killed helper ends; one that hangs in the kernel never does. */
const lastBreath = 3000;

const interrupted: Outcome = { kind: 'unavailable', reason: 'interrupted' };

/** A device of this kernel: `vfio:NAME`, only where the person said that it may be touched. */
export const openVfio = async (rest: string, options: TargetOptions): Promise<Target> => {
  const spec = vfioSpecOf(rest);
  if (!options.allowDevice) {
    throw new TargetSpecError(
      'vfio: attacks this kernel, which may panic; --allow-device allows it',
    );
  }
  const target = new VfioTarget(`vfio:${rest}`, spec.device, programOf(spec.helper), options);
  try {
    await target.start();
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
  return target;
};

class VfioTarget implements Target {
  readonly id: string;
  readonly abilities = abilities;
  readonly #device: string;
  readonly #program: string;
  readonly #options: TargetOptions;
  #helper: VfioHelper | undefined;
  #log: VfioHelper | undefined;

  constructor(id: string, device: string, program: string, options: TargetOptions) {
    this.id = id;
    this.#device = device;
    this.#program = program;
    this.#options = options;
  }

  async start(): Promise<void> {
    const log = new VfioHelper(this.#program, ['log'], this.#options);
    this.#log = log;
    const { value, bytes } = await answered(log.hello());
    if (value < 0) {
      this.#log = undefined;
      this.#options.warn(`the kernel's log is not seen (${bytes.toString()}): oopses go unnoticed`);
    }
    const helper = await this.#renewed();
    if ((await helper.ask(operations.migration)).value < 0) {
      throw new TargetUnavailable(`${this.#device} has no migration feature`);
    }
  }

  async run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const execution of executions) {
      results.push(signal.aborted ? resultOf(interrupted) : await this.#restore(execution));
    }
    return results;
  }

  async #restore(execution: Execution): Promise<Result> {
    let helper: VfioHelper;
    try {
      helper = await this.#renewed();
    } catch (error) {
      if (!(error instanceof TargetUnavailable)) throw error;
      return resultOf({ kind: 'unavailable', reason: error.message });
    }
    const started = process.hrtime.bigint();
    const answers: (number | undefined)[] = [];
    const calls = session(execution, answers);
    const spent = (): number => Number(process.hrtime.bigint() - started);
    try {
      let next = calls.next();
      while (next.done !== true) next = calls.next(await carryOut(helper, next.value));
      const nanoseconds = spent();
      const message = await this.#said();
      const outcome = oopsIn(message) ?? next.value.outcome;
      return resultOf(outcome, { ...next.value, outcome, message, nanoseconds });
    } catch (error) {
      if (!(error instanceof HelperLost)) throw error;
      const nanoseconds = spent();
      const end = error.silent ? undefined : await ended(helper);
      await this.#drop();
      const message = await this.#said();
      const outcome = oopsIn(message) ?? (error.silent ? hung : deathBy(end));
      const steps = execution.steps.map((_, index) => answers[index]);
      return resultOf(outcome, { steps, message, nanoseconds });
    }
  }

  /** A device in RUNNING, by a reset, by opening it again, or behind a new helper. */
  async #renewed(): Promise<VfioHelper> {
    const old = this.#helper;
    try {
      if (old !== undefined) {
        await old.ask(operations.reset);
        if (await isRunning(old)) return old;
        if ((await old.ask(operations.reopen)).value >= 0 && (await isRunning(old))) return old;
      }
    } catch (error) {
      if (!(error instanceof HelperLost)) throw error;
    }
    await this.#drop();
    const helper = new VfioHelper(this.#program, helperWords(this.#device), this.#options);
    this.#helper = helper;
    const { value, bytes } = await answered(helper.hello());
    if (value < 0) {
      await this.#drop();
      throw new TargetUnavailable(bytes.toString());
    }
    await answered(helper.ask(operations.reset));
    if (await isRunning(helper)) return helper;
    throw new TargetUnavailable(`${this.#device} is not in RUNNING when it was opened`);
  }

  /** What the kernel has said since the last time. */
  async #said(): Promise<string> {
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

  async #drop(): Promise<void> {
    const helper = this.#helper;
    this.#helper = undefined;
    helper?.child.kill();
    if (helper !== undefined) await ended(helper);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drop();
    this.#log?.child.kill();
    if (this.#log !== undefined) await ended(this.#log);
  }
}

const hung: Outcome = { kind: 'hung' };

type Ended = Awaited<VfioHelper['child']['ended']> | undefined;

const ended = async ({ child }: VfioHelper): Promise<Ended> => {
  const limit = new AbortController();
  const late = sleep(lastBreath, undefined, { signal: limit.signal }).catch(() => undefined);
  return Promise.race([child.ended, late]).finally(() => limit.abort());
};

/** An oops kills the helper, too; without a word in the log nobody knows who did. */
const deathBy = (end: Ended): Outcome => ({
  kind: 'unavailable',
  reason: `the helper was lost (${end?.signal ?? `exit ${end?.code ?? 'unknown'}`})`,
});

const oopsIn = (log: string): Outcome | undefined => {
  const report = log === '' ? undefined : abortReportIn(log);
  return report === undefined ? undefined : { kind: 'crashed', ...report };
};

const answered = async <Value>(work: Promise<Value>): Promise<Value> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HelperLost) throw new TargetUnavailable(error.message);
    throw error;
  }
};

const word = (number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
};

const isRunning = async (helper: VfioHelper): Promise<boolean> =>
  (await answered(helper.ask(operations.getState))).value === stateNames.indexOf('RUNNING');

const setState = async (helper: VfioHelper, state: StateName): Promise<number> =>
  (await helper.ask(operations.setState, word(stateNames.indexOf(state)))).value;

const carryOut = async (helper: VfioHelper, call: Call): Promise<Answer> => {
  switch (call.do) {
    case 'begin':
      return setState(helper, 'RESUMING');
    case 'write':
      return (await helper.ask(operations.write, call.bytes)).value;
    case 'end':
      return setState(helper, 'STOP');
    case 'reset':
      return (await helper.ask(operations.reset)).value;
    case 'run': {
      const running = await setState(helper, 'RUNNING');
      return running < 0 ? running : (await helper.ask(operations.look)).value;
    }
    case 'save':
      return save(helper);
  }
};

const save = async (helper: VfioHelper): Promise<Answer> => {
  const stopped = await setState(helper, 'STOP_COPY');
  if (stopped < 0) return stopped;
  const parts: Buffer[] = [];
  for (let total = 0; total < mostSaved;) {
    const { value, bytes } = await helper.ask(operations.read, word(readAtOnce));
    if (value < 0) return value;
    if (bytes.length === 0) break;
    parts.push(bytes);
    total += bytes.length;
  }
  const left = await setState(helper, 'STOP');
  return left < 0 ? left : Buffer.concat(parts);
};
