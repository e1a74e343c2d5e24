import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { abortReportIn } from './abort-report.ts';
import { sanitizerEnvironment } from './sanitizers.ts';
import type { Symbols } from './symbols.ts';
import { TargetUnavailable, type Outcome, type TargetOptions } from './target.ts';

/** A program that we started, in a process group of its own, under limits. */
export interface Child {
  readonly stdin: Writable;
  /** Absent when the child's output is only kept as what it said. */
  readonly stdout: Readable | undefined;
  /** What it said so far: the beginning and the end of it. */
  said(): string;
  /** Resolves when the program has ended, and with it all that it started. */
  readonly ended: Promise<End>;
  /** Ends the whole group. */
  kill(): void;
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** A limit that it passed, for which it was ended by us. */
  readonly exceeded?: 'memory' | 'output';
  /** It was ended by `kill`. */
  readonly killed: boolean;
  readonly said: string;
}

const keptHead = 16 << 10;
const keptTail = 48 << 10;
/** Milliseconds between looks at the memory of a child. */
const lookEvery = 50;
/** Every so many looks go over the whole group, which means over every process of the machine. */
const wholeEvery = 20;
/** Milliseconds that pipes may stay open when the program is gone: a child of it may hold them. */
const pipeGrace = 200;
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The program that a word names, as a shell would find it; rejects what cannot be started. */
export const programOf = (name: string): string => {
  const places = name.includes('/')
    ? [path.resolve(name)]
    : searchPath.split(':').map((folder) => path.join(folder, name));
  const found = places.find(isProgram);
  if (found === undefined)
    throw new TargetUnavailable(`${name} is not a program that can be started`);
  return found;
};

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

/**
 * Starts a program with nothing of our environment. Memory is counted (resident pages of the whole
 * group) and not set as a limit on addresses, under which a sanitizer or Node does not start.
 */
export const startChild = (
  program: string,
  words: readonly string[],
  options: TargetOptions,
  how: { readonly folder?: string; readonly stdout?: 'said' | 'pipe' } = {},
): Child => {
  const process_ = spawn(program, words, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: searchPath, ...sanitizerEnvironment(options.memory), ...options.environment },
    ...(how.folder === undefined ? {} : { cwd: how.folder }),
  });
  const { pid } = process_;
  const said = new Said();
  let total = 0;
  let exceeded: 'memory' | 'output' | undefined;
  let killed = false;
  const killGroup = (): void => {
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  };
  const listen = (stream: Readable): void => {
    stream.on('data', (bytes: Buffer) => {
      total += bytes.length;
      said.add(bytes);
      if (total > options.output) {
        exceeded ??= 'output';
        killGroup();
      }
    });
    stream.on('error', () => undefined);
  };
  listen(process_.stderr);
  if (how.stdout !== 'pipe') listen(process_.stdout);
  // A target that closes its input is not at fault for it.
  process_.stdin.on('error', () => undefined);
  let looks = 0;
  const watch = setInterval(() => {
    if (pid === undefined) return;
    looks += 1;
    const resident = looks % wholeEvery === 0 ? groupBytes(pid) : residentBytes(pid);
    if (resident > options.memory) {
      exceeded ??= 'memory';
      killGroup();
    }
  }, lookEvery);
  const ended = new Promise<End>((resolve) => {
    let code: number | null = null;
    let signal: NodeJS.Signals | null = null;
    const finish = (): void => {
      clearInterval(watch);
      for (const stream of [process_.stdin, process_.stdout, process_.stderr]) stream.destroy();
      const limit = exceeded === undefined ? {} : { exceeded };
      resolve({ code, signal, killed, said: said.text(), ...limit });
    };
    process_.once('error', (error) => {
      said.add(Buffer.from(error.message));
      finish();
    });
    process_.once('exit', (exitCode, exitSignal) => {
      code = exitCode;
      signal = exitSignal;
      killGroup();
      const timer = setTimeout(finish, pipeGrace);
      process_.once('close', () => {
        clearTimeout(timer);
        finish();
      });
    });
  });
  return {
    stdin: process_.stdin,
    stdout: how.stdout === 'pipe' ? process_.stdout : undefined,
    said: () => said.text(),
    ended,
    kill: () => {
      killed = true;
      killGroup();
    },
  };
};

/** The beginning and the end of what was said; the middle goes. */
class Said {
  #head = Buffer.alloc(0);
  #tail: Buffer[] = [];
  #tailLength = 0;
  #dropped = 0;

  add(bytes: Buffer): void {
    const room = keptHead - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, bytes.subarray(0, room)]);
    if (bytes.length <= room) return;
    const rest = bytes.subarray(Math.max(0, room));
    this.#tail.push(rest);
    this.#tailLength += rest.length;
    if (this.#tailLength < 2 * keptTail) return;
    const all = Buffer.concat(this.#tail);
    this.#dropped += all.length - keptTail;
    this.#tail = [Buffer.from(all.subarray(-keptTail))];
    this.#tailLength = keptTail;
  }

  text(): string {
    const tail = Buffer.concat(this.#tail);
    const dropped = this.#dropped + Math.max(0, tail.length - keptTail);
    const middle = dropped === 0 ? '' : `\n[${dropped} bytes left out]\n`;
    return `${this.#head.toString()}${middle}${tail.subarray(-keptTail).toString()}`;
  }
}

/** Resident bytes of one process; 0 where the system does not say. */
const residentBytes = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * pageSize;
  } catch {
    return 0;
  }
};

/** Resident bytes of a process group; 0 where the system does not say. */
const groupBytes = (group: number): number => {
  let pages = 0;
  let names: readonly string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return 0;
  }
  for (const name of names) {
    if (!/^\d+$/u.test(name)) continue;
    try {
      const line = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The name of the program, in brackets, may hold anything; what follows it is numbers.
      const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[2]) === group) pages += Number(fields[21]);
    } catch {
      // It ended while we looked.
    }
  }
  return pages * pageSize;
};

const pageSize = 4096;

/** Signals that a person or the kernel's want of memory sends; code under test raises others. */
const fromOutside: ReadonlySet<string> = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
]);

/** How a program died, and what it said of it. */
export interface Death {
  readonly outcome: Outcome;
  /** With the names of the addresses that it spoke of. */
  readonly message: string;
}

/** What an end means that was no ordinary exit; undefined for an exit without a report. */
export const deathOf = async (
  { signal, exceeded, said }: End,
  program: string,
  symbols: Symbols,
): Promise<Death | undefined> => {
  if (exceeded !== undefined) {
    return { outcome: { kind: 'exhausted', what: exceeded }, message: said };
  }
  const report = await symbols.explain(said, program);
  if (report !== undefined) {
    const { stack, text } = report;
    return { outcome: { kind: 'crashed', signal: report.signal, stack }, message: text };
  }
  if (signal === null) return undefined;
  if (fromOutside.has(signal)) {
    const reason = `${path.basename(program)} was ended by ${signal}`;
    return { outcome: { kind: 'unavailable', reason }, message: said };
  }
  const abort = abortReportIn(said);
  const crash = { signal: abort?.signal ?? signal, stack: abort?.stack ?? [] };
  return { outcome: { kind: 'crashed', ...crash }, message: said };
};
