import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const emulator = 'qemu-system-x86_64';

/**
 * A boot sector in 16-bit code that writes to half a megabyte of memory for ever, so that a migration
 * has pages to send again: from 0x7c05 on, es:di is written, di counts up, es goes on by 0x110 bytes
 * and is kept between 0x1000 and 0x7fff.
 */
const busy = 'fa31c031ff8ec0268905474783c01125ff7f80cc10ebee';

/** Writes the boot sector of a guest that is never idle. */
export const busyDisk = (folder: string): string => {
  const sector = Buffer.alloc(512);
  sector.write(busy, 'hex');
  sector.writeUInt16LE(0xaa55, 510);
  const path = join(folder, 'busy.img');
  writeFileSync(path, sector);
  return path;
};

type Answer = Readonly<Record<string, unknown>>;

/** A running QEMU, and its monitor. */
export class Machine {
  readonly process: ChildProcess;
  readonly #socket: string;
  #monitor: Socket | undefined;
  #text = '';
  #closed = false;
  #said = '';
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(folder: string, name: string, args: readonly string[]) {
    this.#socket = join(folder, `${name}.qmp`);
    this.process = spawn(
      emulator,
      [
        ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none'],
        ...['-qmp', `unix:${this.#socket},server=on,wait=off`, ...args],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.process.stderr?.on('data', (text: Buffer) => {
      this.#said += text.toString();
    });
  }

  /** What it wrote on standard error. */
  get said(): string {
    return this.#said;
  }

  /** Runs a command of the monitor; rejects with what it says against it. */
  async ask(execute: string, more: object = {}): Promise<Answer> {
    const monitor = (this.#monitor ??= await this.#connected());
    if (this.#closed) return { status: 'gone' };
    const answer = new Promise<Answer>((resolve) => this.#waiting.push(resolve));
    monitor.write(`${JSON.stringify({ execute, arguments: more })}\n`);
    const { error, return: result } = await answer;
    if (error !== undefined) throw new Error(`${execute}: ${JSON.stringify(error)}`);
    return result as Answer;
  }

  /** The status of a migration when it has come to an end. */
  async migrated(): Promise<string> {
    for (;;) {
      const status = String((await this.ask('query-migrate')).status);
      if (['completed', 'failed', 'cancelled'].includes(status)) return status;
      await wait(20);
    }
  }

  /** The state of the guest when an incoming migration has come to an end, or that there is none any more. */
  async arrived(): Promise<string> {
    for (;;) {
      if (this.#gone()) return 'gone';
      try {
        const status = String((await this.ask('query-status')).status);
        if (status !== 'inmigrate') return status;
      } catch (error) {
        if (!this.#gone()) throw error;
      }
      await wait(20);
    }
  }

  #gone(): boolean {
    return this.process.exitCode !== null;
  }

  async stop(): Promise<void> {
    this.#monitor?.destroy();
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async #connected(): Promise<Socket> {
    while (!existsSync(this.#socket)) {
      if (this.process.exitCode !== null) throw new Error(`QEMU did not start: ${this.#said}`);
      await wait(10);
    }
    for (;;) {
      const socket = createConnection(this.#socket);
      try {
        await once(socket, 'connect');
      } catch (error) {
        if (this.process.exitCode !== null) throw error;
        await wait(10);
        continue;
      }
      socket.on('data', (block: Buffer) => {
        this.#take(block.toString());
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#closed = true;
        for (const tell of this.#waiting.splice(0)) tell({ return: { status: 'gone' } });
      });
      const ready = new Promise<Answer>((resolve) => this.#waiting.push(resolve));
      socket.write(`${JSON.stringify({ execute: 'qmp_capabilities' })}\n`);
      await ready;
      return socket;
    }
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      const answer = JSON.parse(line) as Answer;
      // Greetings and events answer nobody.
      if ('return' in answer || 'error' in answer) this.#waiting.shift()?.(answer);
    }
  }
}

/** Resolves when a file is there. */
export const appears = async (path: string): Promise<void> => {
  while (!existsSync(path)) await wait(10);
};
