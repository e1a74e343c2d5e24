import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programOf, startChild, type Child, type End } from './child.ts';
import { TargetSpecError } from './open.ts';
import { settingsOf, wordsOf } from './spec-words.ts';
import { TargetUnavailable, type TargetOptions } from './target.ts';
import { Connection } from './vfio-user-connection.ts';
import type { DmaRange } from './vfio-user-device.ts';

/** Where a server is, or how it is started; how a device is made new. */
export interface ServerSpec {
  readonly socket: string | undefined;
  /** With `{}` where the path of the socket goes. */
  readonly command: readonly string[] | undefined;
  readonly dma: readonly DmaRange[];
  readonly fresh: (typeof ways)[number];
}

const ways = ['reset', 'reconnect', 'restart'] as const;

const form =
  'a vfio-user target is vfio-user:[SETTING,…]SOCKET or vfio-user:[SETTING,…]cmd=PROGRAM WORD…, ' +
  'where {} is the socket; settings are dma=ADDRESS+SIZE and fresh=reset, reconnect or restart';

export const serverSpecOf = (spec: string): ServerSpec => {
  const { settings, rest } = settingsOf(spec, form);
  const dma: DmaRange[] = [];
  let fresh: ServerSpec['fresh'] = 'reset';
  for (const [name, value] of settings) {
    const way = ways.find((known) => known === value);
    if (name === 'dma') dma.push(rangeOf(value));
    else if (name === 'fresh' && way !== undefined) fresh = way;
    else throw new TargetSpecError(`${name}=${value} is no setting: ${form}`);
  }
  if (rest === '') throw new TargetSpecError(`no socket is named: ${form}`);
  if (!rest.startsWith('cmd=')) {
    if (fresh === 'restart') throw new TargetSpecError('fresh=restart needs cmd=PROGRAM');
    return { socket: path.resolve(rest), command: undefined, dma, fresh };
  }
  const command = wordsOf(rest.slice('cmd='.length));
  if (command.length === 0) throw new TargetSpecError(`no program is named: ${form}`);
  return { socket: undefined, command, dma, fresh };
};

const rangeOf = (value: string): DmaRange => {
  const match = /^(0x[0-9a-f]{1,16}|\d{1,19})\+(0x[0-9a-f]{1,16}|\d{1,19})$/iu.exec(value);
  const [, address, size] = match ?? [];
  if (address === undefined || size === undefined) {
    throw new TargetSpecError(`${value} is no range: ${form}`);
  }
  return { address: BigInt(address), size: BigInt(size) };
};

/** Milliseconds that a server may take until it listens, and between two tries to connect. */
const startTime = 10_000;
const firstPause = 5;
const longestPause = 250;
/** Milliseconds in which a server that someone else watches over may come back. */
const comeBack = 2000;

/** A server: ours, which is started again when it ends, or somebody's, which is only connected to. */
export class Server {
  readonly #spec: ServerSpec;
  readonly #options: TargetOptions;
  readonly #program: string | undefined;
  readonly #folder: string | undefined;
  #child: Child | undefined;
  #end: End | undefined;

  constructor(spec: ServerSpec, options: TargetOptions) {
    this.#spec = spec;
    this.#options = options;
    const [name] = spec.command ?? [];
    this.#program = name === undefined ? undefined : programOf(name);
    this.#folder = name === undefined ? undefined : mkdtempSync(path.join(tmpdir(), 'vstate-vu-'));
  }

  /** The file of a server that is ours. */
  get program(): string | undefined {
    return this.#program;
  }

  /** How our server ended; undefined while it runs, and for somebody's. */
  get end(): End | undefined {
    return this.#end;
  }

  /** What our server said so far. */
  said(): string {
    return this.#child?.said() ?? '';
  }

  /** A connection to the server, which is started if it is ours and does not run. */
  async connect(signal: AbortSignal): Promise<Connection> {
    const socket = this.#spec.socket ?? this.#start();
    const patience = this.#program === undefined ? comeBack : startTime;
    const until = performance.now() + patience;
    let pause = firstPause;
    for (;;) {
      try {
        return await Connection.open(socket, this.#options.timeout);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (this.#end !== undefined) {
          throw new TargetUnavailable(
            `the server ended before it listened: ${lastLine(this.#end)}`,
          );
        }
        if (signal.aborted || performance.now() > until) {
          throw new TargetUnavailable(`no server answers at the socket: ${why}`);
        }
      }
      await sleep(pause);
      pause = Math.min(longestPause, 2 * pause);
    }
  }

  /** Waits until our server has ended, if it does within the time; how it did. */
  async endWithin(milliseconds: number): Promise<End | undefined> {
    if (this.#child === undefined || this.#end !== undefined) return this.#end;
    return Promise.race([this.#child.ended, sleep(milliseconds).then(() => undefined)]);
  }

  /** Ends our server; the next connection starts it again. */
  async stop(): Promise<void> {
    this.#child?.kill();
    await this.#child?.ended;
    this.#child = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(): string {
    const socket = path.join(this.#folder ?? '', 'socket');
    if (this.#child !== undefined && this.#end === undefined) return socket;
    rmSync(socket, { force: true });
    const [, ...given] = this.#spec.command ?? [];
    const child = startChild(
      this.#program ?? '',
      given.map((word) => word.replaceAll('{}', socket)),
      this.#options,
    );
    this.#end = undefined;
    this.#child = child;
    void child.ended.then((end) => {
      if (this.#child === child) this.#end = end;
    });
    return socket;
  }
}

const lastLine = ({ said, code, signal }: End): string => {
  const line = said.trim().split('\n').at(-1) ?? '';
  return line === '' ? `exit ${signal ?? code ?? 'unknown'}` : line;
};
