import { realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bases } from './harness-bases.ts';
import { judgeDeath } from './harness-death.ts';
import { HarnessProcess, type Control, type Gone } from './harness-process.ts';
import {
  goMessage,
  INPUTS_AT,
  REQUEST_AT,
  RequestWriter,
  RESULTS_SIZE,
  type Answer,
} from './harness-protocol.ts';
import { plainResult, ResultReader, withGrowth } from './harness-results.ts';
import { Symbols } from './symbols.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';

/** Executions that make the cost of a message small beside them. */
const BATCH = 1024;
/** Looking at the heap takes as long as a short execution, so it is looked at behind so many of them. */
const HEAP_STRIDE = 16;
/** How often one execution is tried when something else than itself ends the target. */
const MOST_TRIES = 4;
/** Waits before the target is started again, in milliseconds. */
const BACK_OFF = [0, 50, 200, 1000];
/** The harness has a clock of its own; this is for a target that has disabled it. */
const GRACE = 2000;
const WATCH_EVERY = 250;
/** Bytes of a record that was under way that are looked at. */
const MOST_UNFINISHED = 64 << 10;

/** A restore path in C that is linked with native/vstate_harness.c. */
export const openHarness = async (where: string, options: TargetOptions): Promise<Target> => {
  const program = programAt(where);
  return new HarnessTarget(program, options, await HarnessProcess.start(program, options));
};

const programAt = (where: string): string => {
  try {
    // Reports of sanitizers name the file itself, not the links to it.
    return realpathSync(path.resolve(where));
  } catch {
    throw new TargetUnavailable(`${where}: there is no such file`);
  }
};

/** What one message carried, and what came back. */
interface Exchange {
  /** Place in the run of its first execution. */
  readonly from: number;
  readonly count: number;
  readonly answer: Answer | Gone;
  readonly control: Control;
  readonly stalled: boolean;
}

class HarnessTarget implements Target {
  readonly id: string;
  readonly abilities: Abilities;
  readonly #program: string;
  readonly #options: TargetOptions;
  readonly #writer = new RequestWriter();
  readonly #bytes = Buffer.from(new ArrayBuffer(RESULTS_SIZE));
  readonly #reader = new ResultReader(this.#bytes);
  readonly #symbols = new Symbols();
  readonly #bases = new Bases();
  #process: HarnessProcess | undefined;
  #serial = 0;
  /** Features that must not be named again, and how many of these lists the process was told. */
  readonly #known: Uint32Array[] = [];
  #told = 0;
  /** Features that this run has named; a process that was started since does not know them. */
  readonly #named = new Set<number>();
  #startedInRun = false;
  /** What runs first in a process may leave on the heap what is made once. */
  #fresh = true;
  #firstOfRun = false;
  #running = false;
  /** Executions from one look at the heap to the next. */
  #stride = 1;
  /** Places in the run of executions of which one or another left something on the heap. */
  #suspects: number[] = [];

  constructor(program: string, options: TargetOptions, process: HarnessProcess) {
    this.id = `harness:${program}`;
    this.#program = program;
    this.#options = options;
    this.#process = process;
    const { edges, ...abilities } = process.hello;
    // A process that is new each time pays for its first buffers each time.
    const lasts = ['', '0'].includes(options.environment.VSTATE_FORK ?? '');
    this.abilities = {
      ...abilities,
      comparisons: abilities.coverage,
      batch: BATCH,
      ...(lasts ? { exactGrowth: true } : {}),
    };
    if (lasts) this.#stride = HEAP_STRIDE;
    if (edges === 0) {
      options.warn(`${program} tells no coverage: compile it with -fsanitize-coverage`);
    }
    if (!this.#symbols.available) {
      options.warn('neither llvm-symbolizer nor addr2line is there: stacks are addresses');
    }
  }

  know(features: Uint32Array): void {
    if (features.length > 0) this.#known.push(Uint32Array.from(features));
  }

  async run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    if (this.#running) throw new Error('a run was asked for while another one was under way');
    this.#running = true;
    this.#firstOfRun = true;
    this.#startedInRun = false;
    this.#named.clear();
    this.#suspects = [];
    const abort = (): void => void this.#process?.end();
    signal.addEventListener('abort', abort);
    const results: Result[] = [];
    try {
      await this.#runAll(executions, signal, results);
      for (let turn = 0; this.#suspects.length > 0 && turn < MOST_TRIES; turn += 1) {
        await this.#lookAgain(executions, signal, results);
      }
    } finally {
      signal.removeEventListener('abort', abort);
      this.#running = false;
    }
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  /** Runs once more, with a look at the heap behind each, what left something on it in company. */
  async #lookAgain(
    executions: readonly Execution[],
    signal: AbortSignal,
    results: Result[],
  ): Promise<void> {
    const stride = this.#stride;
    const places = this.#suspects;
    this.#suspects = [];
    const suspects = places.flatMap((place) => executions[place] ?? []);
    const alone: Result[] = [];
    this.#stride = 1;
    try {
      await this.#runAll(suspects, signal, alone);
    } finally {
      this.#stride = stride;
    }
    for (const [index, place] of places.entries()) {
      const result = results[place];
      const again = alone[index];
      if (result === undefined || again === undefined) continue;
      const same = again.outcome.kind === result.outcome.kind;
      results[place] = withGrowth(result, same ? again.growth : 0);
    }
    this.#suspects = this.#suspects.flatMap((index) => places[index] ?? []);
  }

  async #runAll(
    executions: readonly Execution[],
    signal: AbortSignal,
    results: Result[],
  ): Promise<void> {
    /** How often the next execution was tried without a result. */
    let tries = 0;
    for (;;) {
      const next = executions[results.length];
      if (next === undefined) return;
      const process = signal.aborted ? 'the run was stopped' : await this.#started();
      if (typeof process === 'string') {
        // Nobody waits once more for a program that does not start.
        for (const execution of executions.slice(results.length)) {
          results.push(unavailable(execution, process));
        }
        return;
      }
      // What went wrong in company is tried alone, so that it is known whose doing it was.
      const most = tries > 0 ? results.length + 1 : executions.length;
      const exchange = await this.#exchange(process, executions, results.length, most);
      if (typeof exchange === 'string') {
        results.push(unavailable(next, exchange));
        continue;
      }
      const read = this.#collect(process, executions, exchange, results);
      if (this.#wentWell(exchange, read)) {
        if (executions.length === 1) addMessage(process, results);
        if (process.printedSize() > this.#options.output / 2) process.forgetPrinted();
        tries = 0;
        continue;
      }
      const ending = executions[results.length];
      tries = read > 0 ? 1 : tries + 1;
      const result = await this.#ending(process, exchange, read, ending, tries, signal);
      if (result !== undefined) {
        results.push(result);
        tries = 0;
      }
    }
  }

  #wentWell({ answer, count }: Exchange, read: number): boolean {
    return answer.kind === 'done' && read === answer.complete && (read > 0 || count === 0);
  }

  /** The process, or why there is none. */
  async #started(): Promise<HarnessProcess | string> {
    if (this.#process !== undefined) return this.#process;
    let reason = '';
    for (const wait of BACK_OFF) {
      await sleep(wait);
      try {
        this.#process = await HarnessProcess.start(this.#program, this.#options);
        this.#bases.clear();
        this.#told = 0;
        this.#startedInRun = true;
        this.#fresh = true;
        return this.#process;
      } catch (error) {
        if (!(error instanceof TargetUnavailable)) throw error;
        reason = error.message;
      }
    }
    return reason;
  }

  async #stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.close();
  }

  /** Sends as many executions as one message takes and waits for the answer; or why it cannot. */
  async #exchange(
    process: HarnessProcess,
    executions: readonly Execution[],
    from: number,
    most: number,
  ): Promise<Exchange | string> {
    const writer = this.#writer;
    writer.clear();
    let known = 0;
    for (const features of this.#known.slice(this.#told)) {
      writer.know(features);
      known += features.length;
    }
    this.#bases.makeRoom();
    const place = (base: Uint8Array): number | undefined =>
      this.#bases.place(base, (at) => process.write(base, INPUTS_AT + at));
    let count = 0;
    try {
      for (const execution of executions.slice(from, most)) {
        const added = writer.add(execution, place, (count + 1) % this.#stride === 0);
        if (added === 'added') count += 1;
        else if (added !== 'full' && count === 0) return `the harness takes none: ${added.never}`;
        if (added !== 'added') break;
      }
      writer.lookBehindLast();
      process.write(writer.bytes, REQUEST_AT);
    } catch (error) {
      // The file system of the shared file is full, for which no target can be blamed.
      return `no room for the request: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#serial = (this.#serial + 1) >>> 0;
    let stalled = false;
    const stopWatching = this.#watch(process, () => {
      stalled = true;
      void process.end();
    });
    const answer = await process.ask(
      goMessage({
        serial: this.#serial,
        firstOfRun: this.#firstOfRun,
        known,
        size: writer.bytes.length,
        executions: count,
      }),
    );
    stopWatching();
    const control = answer.kind === 'done' ? answer : process.control();
    if (control.serial === this.#serial) {
      this.#firstOfRun = false;
      this.#told = this.#known.length;
    }
    return { from, count, answer, control, stalled };
  }

  /** Calls `stalled` when the executions make no progress. */
  #watch(process: HarnessProcess, stalled: () => void): () => void {
    let seen = '';
    let since = performance.now();
    const timer = setInterval(() => {
      const { serial, complete } = process.control();
      const now = performance.now();
      if (seen !== `${serial} ${complete}`) {
        seen = `${serial} ${complete}`;
        since = now;
      } else if (now - since > this.#options.timeout + GRACE) {
        stalled();
      }
    }, WATCH_EVERY);
    return () => clearInterval(timer);
  }

  /** Takes the complete records, and says how many they were. */
  #collect(
    process: HarnessProcess,
    executions: readonly Execution[],
    { from, count, answer, control }: Exchange,
    results: Result[],
  ): number {
    const said = answer.kind === 'done' ? answer : control;
    if (said.serial !== this.#serial) return 0;
    // A record that was under way lies behind those that are complete.
    const more = answer.kind === 'done' ? 0 : MOST_UNFINISHED;
    const size = process.results(this.#bytes, said.filled + more);
    const end = Math.min(said.filled, size) >> 2;
    let at = 0;
    let read = 0;
    let looked = 0;
    for (let index = 0; index < Math.min(said.complete, count); index += 1) {
      const execution = executions[from + index];
      const next = execution === undefined ? 0 : this.#reader.read(execution, at, end);
      if (next <= at) break;
      const { result, names } = this.#reader;
      results.push(names ? this.#onlyNew(result) : result);
      at = next;
      read += 1;
      if (read % this.#stride !== 0 && read < count) continue;
      if (result.growth > 0 && (this.#fresh || read - looked > 1)) {
        this.#suspect(from + looked, from + read);
      }
      looked = read;
      this.#fresh = false;
    }
    // What came before one that ended the worker was not looked at.
    if (read > looked) this.#suspect(from + looked, from + read);
    return read;
  }

  #suspect(from: number, to: number): void {
    for (let place = from; place < to; place += 1) this.#suspects.push(place);
  }

  #onlyNew(result: Result): Result {
    const features = this.#startedInRun
      ? result.features.filter((feature) => !this.#named.has(feature))
      : result.features;
    for (const feature of features) this.#named.add(feature);
    return { ...result, features };
  }

  /** The result of the execution that ended the worker; undefined when it is to be tried again. */
  async #ending(
    process: HarnessProcess,
    { count, answer, control, stalled }: Exchange,
    read: number,
    execution: Execution | undefined,
    tries: number,
    signal: AbortSignal,
  ): Promise<Result | undefined> {
    const overwritten = answer.kind === 'done' || read < control.complete;
    const printed = answer.kind === 'gone' ? '' : process.printed();
    this.#fresh = true;
    if (answer.kind === 'died') process.forgetPrinted();
    else await this.#stop();
    if (execution === undefined || read === count || signal.aborted) return undefined;
    const steps = this.#reader.unfinished(execution, control.filled >> 2);
    if (overwritten) {
      if (count > 1 && tries < MOST_TRIES) return undefined;
      return unavailable(execution, 'the target wrote over its results');
    }
    const verdict = await judgeDeath(
      {
        status: answer.kind === 'died' ? answer.status : undefined,
        reason: answer.kind === 'gone' ? answer.reason : '',
        cause: answer.kind === 'died' ? answer.cause : 0,
        stalled: stalled && control.serial === this.#serial,
        alone: count === 1,
        printed,
      },
      this.#symbols,
      this.#program,
    );
    if (verdict.kind === 'ended') return plainResult(verdict.outcome, steps, verdict.message);
    return tries < MOST_TRIES ? undefined : plainResult(verdict.otherwise, steps, printed);
  }
}

const unavailable = ({ steps }: Execution, reason: string): Result =>
  plainResult({ kind: 'unavailable', reason }, new Array<undefined>(steps.length).fill(undefined));

/** Only a run of one execution knows whose words the target's output is. */
const addMessage = (process: HarnessProcess, results: Result[]): void => {
  const result = results.at(-1);
  if (result === undefined || process.printedSize() === 0) return;
  results[results.length - 1] = { ...result, message: process.printed() };
  process.forgetPrinted();
};
