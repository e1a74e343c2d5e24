import { stateNames, type StateName } from '../container/session/states.ts';
import { startChild, type Child } from './child.ts';
import type { MigrationDevice } from './migration-device.ts';
import type { Answer } from './session.ts';
import type { TargetOptions } from './target.ts';

/** The requests of `native/vstate_vfio.c`, by their numbers. */
export const operations = {
  hello: 0,
  setState: 1,
  getState: 2,
  write: 3,
  read: 4,
  reset: 5,
  reopen: 6,
  migration: 7,
  look: 8,
  log: 9,
} as const;

export interface HelperAnswer {
  /** 0 or more, or `-errno` of the call. */
  readonly value: number;
  readonly bytes: Buffer;
}

/** No answer came: the helper ended, or the call that it makes does not return. */
export class HelperLost extends Error {
  readonly silent: boolean;

  constructor(silent: boolean) {
    super(silent ? 'a call to the kernel does not return' : 'the helper ended');
    this.silent = silent;
  }
}

/** `struct answer`: operation, value, size, 0. */
const headSize = 16;
/** The longest answer is one read. */
const mostAnswer = 1 << 20;

/** The helper as a process, and the device behind it: one request at a time, one answer to each. */
export class VfioHelper implements MigrationDevice {
  readonly child: Child;
  readonly #timeout: number;
  #waiting: Buffer[] = [];
  #held = 0;
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(program: string, words: readonly string[], options: TargetOptions) {
    this.#timeout = options.timeout;
    this.child = startChild(program, words, options, { stdout: 'pipe' });
    const over = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.#waiting.push(bytes);
      this.#held += bytes.length;
      this.#wake();
    });
    this.child.stdout?.on('close', over);
    this.child.stdout?.on('error', over);
    void this.child.ended.then(over);
  }

  async hello(): Promise<HelperAnswer> {
    return this.#answer(operations.hello);
  }

  async ask(operation: number, payload: Uint8Array = new Uint8Array(0)): Promise<HelperAnswer> {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(operation, 0);
    head.writeUInt32LE(payload.length, 4);
    this.child.stdin.write(Buffer.concat([head, payload]));
    return this.#answer(operation);
  }

  async setState(state: StateName | number): Promise<number> {
    const number = typeof state === 'number' ? state : stateNames.indexOf(state);
    return (await this.ask(operations.setState, word(number))).value;
  }

  async state(): Promise<number> {
    return (await this.ask(operations.getState)).value;
  }

  /** One read(2). */
  async read(size: number): Promise<Answer> {
    const { value, bytes } = await this.ask(operations.read, word(size));
    return value < 0 ? value : bytes;
  }

  /** One write(2), which may take a part. */
  async write(bytes: Uint8Array): Promise<number> {
    return (await this.ask(operations.write, bytes)).value;
  }

  async reset(): Promise<number> {
    return (await this.ask(operations.reset)).value;
  }

  /** Looks at the beginning of each region, as a guest does. */
  async use(): Promise<number> {
    return (await this.ask(operations.look)).value;
  }

  async #answer(operation: number): Promise<HelperAnswer> {
    const until = performance.now() + this.#timeout;
    const head = await this.#take(headSize, until);
    const size = head.readUInt32LE(8);
    if (head.readUInt32LE(0) !== operation || size > mostAnswer) {
      this.child.kill();
      throw new HelperLost(false);
    }
    return { value: head.readInt32LE(4), bytes: await this.#take(size, until) };
  }

  async #take(size: number, until: number): Promise<Buffer> {
    while (this.#held < size) {
      if (this.#isOver) throw new HelperLost(false);
      const left = until - performance.now();
      if (left <= 0) throw new HelperLost(true);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const all = Buffer.concat(this.#waiting);
    this.#waiting = all.length > size ? [all.subarray(size)] : [];
    this.#held = all.length - size;
    return all.subarray(0, size);
  }
}

const word = (number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
};
