import { fork, type ChildProcess } from 'node:child_process';
import type { Calibration } from './calibration.ts';
import type { Settings } from './campaign/folder.ts';
import type { Memory } from './memory.ts';
import type { Worker } from './pool.ts';
import type { Job, Report, Update } from './work.ts';

/** What a worker process is told first. */
export interface WorkerSetup {
  readonly settings: Settings;
  readonly seeds: readonly Uint8Array[];
  readonly calibration: Calibration;
}

export type ToWorker =
  | { readonly kind: 'setup'; readonly setup: WorkerSetup }
  | { readonly kind: 'learn'; readonly update: Update }
  | { readonly kind: 'run'; readonly ticket: number; readonly job: Job }
  | { readonly kind: 'abort' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'warning'; readonly line: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'report'; readonly ticket: number; readonly report: Report };

/** A worker that dies this often without a report between does not get up again. */
const MOST_DEATHS = 16;
/** Milliseconds until a worker that was asked to end is made to. */
const GRACE = 3000;

export interface ProcessOptions {
  /** The program to run, and what tells it to be a worker. */
  readonly program: readonly [string, ...string[]];
  readonly setup: WorkerSetup;
  readonly memory: Memory;
  readonly warn: (line: string) => void;
}

/** A worker in a process of its own; one that dies is started again and told everything. */
export const processWorker = async (options: ProcessOptions): Promise<Worker> => {
  const worker = new ProcessWorker(options);
  await worker.getUp();
  return worker;
};

interface Pending {
  readonly job: Job;
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
}

/** A process ended before it said a word, or again and again: this machine does not let it run. */
export class WorkerLost extends Error {}

class ProcessWorker implements Worker {
  readonly #options: ProcessOptions;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  /** It has been told all that was known when it began; until then nothing else is said to it. */
  #ready = false;
  #ticket = 0;
  #deaths = 0;
  #closing = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  /** Starts, again where it is killed while it does, and goes on with what was under way. */
  async getUp(): Promise<void> {
    for (;;) {
      try {
        await this.#start();
        this.#ready = true;
        this.learn(this.#options.memory.everything());
        for (const [ticket, { job }] of this.#pending) this.#send({ kind: 'run', ticket, job });
        return;
      } catch (error) {
        if (!(error instanceof WorkerLost) || this.#closing) throw error;
        this.#deaths += 1;
        if (this.#deaths > MOST_DEATHS) throw error;
      }
    }
  }

  async #start(): Promise<void> {
    const [file, ...args] = this.#options.program;
    const child = fork(file, args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new WorkerLost(`a worker did not start: it ended with ${endingOf(code, signal)}`)),
      );
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed') reject(new Error(message.reason));
      });
      this.#send({ kind: 'setup', setup: this.#options.setup });
    });
    child.removeAllListeners();
    child.on('message', (message: FromWorker) => this.#hear(message));
    child.on('error', () => undefined);
    child.on('exit', (code, signal) => void this.#died(endingOf(code, signal)));
  }

  learn(update: Update): void {
    if (this.#ready) this.#send({ kind: 'learn', update });
  }

  async run(job: Job, signal: AbortSignal): Promise<Report> {
    const ticket = (this.#ticket += 1);
    const abort = (): void => this.#send({ kind: 'abort' });
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<Report>((resolve, reject) => {
        this.#pending.set(ticket, { job, resolve, reject });
        if (this.#ready) this.#send({ kind: 'run', ticket, job });
      });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await gone;
    clearTimeout(timer);
  }

  #send(message: ToWorker): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'warning') this.#options.warn(message.line);
    if (message.kind === 'failed') this.#giveUp(new Error(message.reason));
    if (message.kind !== 'report') return;
    const { ticket, report } = message;
    this.#deaths = 0;
    this.#pending.get(ticket)?.resolve(report);
    this.#pending.delete(ticket);
  }

  /** Starts again, with all that was known when the round began. */
  async #died(ending: string): Promise<void> {
    this.#ready = false;
    if (this.#closing) return;
    this.#deaths += 1;
    if (this.#deaths > MOST_DEATHS) {
      const died = `a worker died ${this.#deaths} times without a result between`;
      this.#giveUp(new WorkerLost(`${died}, the last time with ${ending}`));
      return;
    }
    try {
      await this.getUp();
    } catch (error) {
      this.#giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #giveUp(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

const endingOf = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ?? `exit code ${code ?? 0}`;
