import { abortReportIn } from './abort-report.ts';
import { carryOut } from './migration-device.ts';
import { resultOf, session } from './session.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Outcome,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';
import { endOf, VfioDevice, type End } from './vfio-device.ts';
import { HelperLost, type VfioHelper } from './vfio-helper.ts';

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

const interrupted: Outcome = { kind: 'unavailable', reason: 'interrupted' };

/** A device of this kernel: `vfio:NAME`, only where the person said that it may be touched. */
export const openVfio = async (rest: string, options: TargetOptions): Promise<Target> => {
  return new VfioTarget(`vfio:${rest}`, await VfioDevice.open(rest, options));
};

class VfioTarget implements Target {
  readonly id: string;
  readonly abilities = abilities;
  readonly #device: VfioDevice;

  constructor(id: string, device: VfioDevice) {
    this.id = id;
    this.#device = device;
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
      helper = await this.#device.renewed();
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
      const message = await this.#device.said();
      const outcome = oopsIn(message) ?? next.value.outcome;
      return resultOf(outcome, { ...next.value, outcome, message, nanoseconds });
    } catch (error) {
      if (!(error instanceof HelperLost)) throw error;
      const nanoseconds = spent();
      const end = error.silent ? undefined : await endOf(helper);
      await this.#device.drop();
      const message = await this.#device.said();
      const outcome = oopsIn(message) ?? (error.silent ? hung : deathBy(end));
      const steps = execution.steps.map((_, index) => answers[index]);
      return resultOf(outcome, { steps, message, nanoseconds });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#device[Symbol.asyncDispose]();
  }
}

const oopsIn = (log: string): Outcome | undefined => {
  const report = log === '' ? undefined : abortReportIn(log);
  return report === undefined ? undefined : { kind: 'crashed', ...report };
};

const hung: Outcome = { kind: 'hung' };

/** An oops kills the helper, too; without a word in the log nobody knows who did. */
const deathBy = (end: End): Outcome => ({
  kind: 'unavailable',
  reason: `the helper was lost (${end?.signal ?? `exit ${end?.code ?? 'unknown'}`})`,
});
