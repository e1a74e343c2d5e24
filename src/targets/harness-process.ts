import { spawn, type ChildProcess } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import {
  answerOf,
  FILE_SIZE,
  helloOf,
  MESSAGE_SIZE,
  optionsMessage,
  RESULTS_AT,
  RESULTS_SIZE,
  type Answer,
  type Hello,
} from './harness-protocol.ts';
import { sanitizerEnvironment } from './sanitizers.ts';
import { TargetUnavailable, type TargetOptions } from './target.ts';

const MOST_MESSAGE = 64 << 10;
/** Time for the program to say that it is there: a sanitizer on a busy machine takes a while. */
const START_LIMIT = 20_000;
/** Time for a program that was asked to end. */
const STOP_LIMIT = 2000;

/** How the program as a whole ended, in words. */
export interface Gone {
  readonly kind: 'gone';
  readonly reason: string;
}

export interface Control {
  readonly serial: number;
  readonly complete: number;
  readonly filled: number;
  readonly cause: number;
}

/** A running harness: the shared file, what it prints, and the two pipes. */
export class HarnessProcess {
  readonly hello: Hello;
  readonly #child: ChildProcess;
  readonly #files: Files;
  readonly #go: Duplex;
  readonly #inbox: Inbox;
  readonly #control = Buffer.alloc(24);

  private constructor(child: ChildProcess, files: Files, go: Duplex, inbox: Inbox, hello: Hello) {
    this.#child = child;
    this.#files = files;
    this.#go = go;
    this.#inbox = inbox;
    this.hello = hello;
  }

  /** Rejects with TargetUnavailable when the program does not say hello. */
  static async start(program: string, options: TargetOptions): Promise<HarnessProcess> {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      throw new TargetUnavailable(`${program} is not a program that can be started`);
    }
    const files = openFiles();
    const child = spawn(program, [], {
      stdio: ['ignore', files.output, files.output, 'pipe', 'pipe', files.shared],
      // A group of its own: a key pressed at the terminal is for the campaign, not for the target.
      detached: true,
      env: {
        PATH: '/usr/bin:/bin',
        ...sanitizerEnvironment(options.memory),
        ...options.environment,
        VSTATE_SERVE: '1',
      },
    });
    const go = child.stdio[3];
    const answers = child.stdio[4];
    const inbox = new Inbox(child, isDuplex(answers) ? answers : undefined);
    if (!isDuplex(go)) {
      throw new TargetUnavailable(`${program} was not started: ${await inbox.gone()}`);
    }
    // The target may close its end while we write; what counts is what the inbox hears.
    go.on('error', () => undefined);
    go.write(optionsMessage(options));
    const first = await inbox.take(START_LIMIT, () => files.size() > options.output);
    if (first?.kind === 'hello') {
      return new HarnessProcess(child, files, go, inbox, helloOf(first));
    }
    const said = files.text();
    await end(child, inbox);
    files.close();
    throw new TargetUnavailable(`${program} ${whyNot(first, said)}`);
  }

  write(bytes: Uint8Array, at: number): void {
    for (let from = 0; from < bytes.length;) {
      from += writeSync(this.#files.shared, bytes, from, bytes.length - from, at + from);
    }
  }

  /** Sends a message and waits for its answer, or for the end of the program. */
  async ask(message: Uint8Array): Promise<Answer | Gone> {
    this.#go.write(message);
    return (await this.#inbox.take()) ?? { kind: 'gone', reason: 'it gave no answer' };
  }

  /** How far the message under way has come. */
  control(): Control {
    const bytes = this.#control;
    readSync(this.#files.shared, bytes, 0, bytes.length, 0);
    return {
      serial: bytes.readUInt32LE(0),
      complete: bytes.readUInt32LE(4),
      filled: bytes.readUInt32LE(8),
      cause: bytes.readUInt32LE(12),
    };
  }

  /** Reads this many bytes of results, or fewer where the region ends; how many. */
  results(to: Buffer, size: number): number {
    return readSync(this.#files.shared, to, 0, Math.min(size, to.length, RESULTS_SIZE), RESULTS_AT);
  }

  /** What the target has printed since it was last forgotten: the end of it. */
  printed(): string {
    return this.#files.text();
  }

  printedSize(): number {
    return this.#files.size();
  }

  forgetPrinted(): void {
    ftruncateSync(this.#files.output, 0);
  }

  /** Ends the program and all that it started; whoever waits for an answer hears that it is gone. */
  async end(): Promise<void> {
    await end(this.#child, this.#inbox);
  }

  /** Ends it and lets go of its files; nothing may be asked of it from then on. */
  async close(): Promise<void> {
    await this.end();
    this.#go.destroy();
    this.#files.close();
  }
}

const isDuplex = (stream: unknown): stream is Duplex =>
  typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;

const whyNot = (first: Answer | Gone | undefined, said: string): string => {
  const line = said.split('\n').find((text) => text.trim() !== '');
  const words = line === undefined ? '' : `: ${line.slice(0, 200)}`;
  if (first === undefined) {
    return `did not answer within ${START_LIMIT / 1000} s; is it linked with vstate_harness.c?${words}`;
  }
  return first.kind === 'gone' ? `${first.reason}${words}` : `did not say hello first${words}`;
};

/** SIGTERM lets the harness kill what the target started; it has little time for that. */
const end = async (child: ChildProcess, inbox: Inbox): Promise<void> => {
  if (inbox.ended) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => {
    killGroup(child);
  }, STOP_LIMIT);
  await inbox.gone();
  clearTimeout(timer);
  killGroup(child);
};

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
};

/** Messages of the harness, and how it ended; one reader at a time. */
class Inbox {
  ended = false;
  #reason = '';
  #pending: Buffer = Buffer.alloc(0);
  #broken = false;
  #wake: (() => void) | undefined;
  readonly #exit: Promise<string>;

  constructor(child: ChildProcess, answers: Duplex | undefined) {
    this.#exit = new Promise((resolve) => {
      const leave = (reason: string): void => {
        this.ended = true;
        this.#reason = reason;
        resolve(reason);
        // What it wrote last may still lie in the pipe.
        setImmediate(() => this.#wake?.());
      };
      child.once('error', (error) => leave(error.message));
      child.once('exit', (code, signal) =>
        leave(signal === null ? `ended with exit ${code ?? 0}` : `was ended by ${signal}`),
      );
    });
    answers?.on('data', (bytes: Buffer) => {
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
      // Nobody of ours sends so much at once.
      if (this.#pending.length > 64 * MESSAGE_SIZE) this.#broken = true;
      this.#wake?.();
    });
    answers?.on('error', () => undefined);
  }

  async gone(): Promise<string> {
    return this.#exit;
  }

  /**
   * The next message; `gone` when the program ended or speaks another language, undefined when it
   * took too long or `giveUp` says so.
   */
  async take(limit?: number, giveUp?: () => boolean): Promise<Answer | Gone | undefined> {
    const deadline = limit === undefined ? Infinity : performance.now() + limit;
    for (;;) {
      const message = this.#next();
      if (message !== undefined) return message;
      if (performance.now() > deadline || giveUp?.() === true) return undefined;
      await new Promise<void>((resolve) => {
        const timer = limit === undefined ? undefined : setTimeout(resolve, 50);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }

  #next(): Answer | Gone | undefined {
    if (!this.#broken && this.#pending.length >= MESSAGE_SIZE) {
      const answer = answerOf(this.#pending);
      this.#pending = this.#pending.subarray(MESSAGE_SIZE);
      if (answer !== undefined) return answer;
      this.#broken = true;
    }
    if (this.#broken) return { kind: 'gone', reason: 'wrote something else to our pipe' };
    return this.ended ? { kind: 'gone', reason: this.#reason } : undefined;
  }
}

/** Two files without a name, so that nothing is left behind however this process ends. */
interface Files {
  readonly shared: number;
  readonly output: number;
  size(): number;
  text(): string;
  close(): void;
}

const openFiles = (): Files => {
  let cause: unknown;
  for (const folder of ['/dev/shm', tmpdir()]) {
    try {
      return filesIn(folder);
    } catch (error) {
      cause = error;
    }
  }
  throw new TargetUnavailable(
    `no room for the shared file: ${cause instanceof Error ? cause.message : String(cause)}`,
  );
};

const filesIn = (parent: string): Files => {
  const folder = mkdtempSync(path.join(parent, 'vstate-'));
  try {
    const shared = openSync(path.join(folder, 'shared'), 'wx+', 0o600);
    const output = openSync(path.join(folder, 'output'), 'ax+', 0o600);
    ftruncateSync(shared, FILE_SIZE);
    // A page that cannot be had would kill the target where it writes a result; have them all now.
    const zeros = Buffer.alloc(1 << 20);
    for (let at = 0; at < RESULTS_AT + RESULTS_SIZE;) {
      at += writeSync(shared, zeros, 0, Math.min(zeros.length, RESULTS_AT + RESULTS_SIZE - at), at);
    }
    const size = (): number => fstatSync(output).size;
    return {
      shared,
      output,
      size,
      text: () => {
        const bytes = Buffer.alloc(Math.min(size(), MOST_MESSAGE));
        const read = readSync(output, bytes, 0, bytes.length, size() - bytes.length);
        return bytes.toString('utf8', 0, read);
      },
      close: () => {
        closeSync(shared);
        closeSync(output);
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
