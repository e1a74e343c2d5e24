import { session, type Answer, type Call } from '../../src/targets/session.ts';
import type { Abilities, Execution, Outcome, Result, Target } from '../../src/targets/target.ts';

/**
 * A restore path for one-port mtty states that does everything right, and what it does wrong when it
 * is asked to. Each bug is one that exactly one oracle can see.
 */
export type Bug =
  | 'crashes on a divisor of 0xffff'
  | 'hangs on a divisor of 0xffff'
  | 'allocates for a divisor of 0xffff'
  | 'writes without end on a divisor of 0xffff'
  | 'forgets that the header was refused'
  | 'does not check head and tail'
  | 'loads what has come so far'
  | 'refuses a state with an overrun'
  | 'applies before it checks'
  | 'keeps its position after a refused header'
  | 'keeps a larger divisor'
  | 'keeps old bytes of the fifo'
  | 'counts in each save'
  | 'wants the header in one write'
  | 'keeps the memory of a state that is too long'
  | 'takes any modem control';

const EFAULT = -14;
const EINVAL = -22;
const ENOMEM = -12;
const HEADER = 24;
const SIZE = 60;

const header = Uint8Array.from(
  Buffer.from('4e2c3e8c89099d7e01000000000000000100000000000000', 'hex'),
);

class End extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

class SerialDevice {
  readonly #bugs: ReadonlySet<Bug>;
  #port = fresh();
  #buffer = new Uint8Array(SIZE);
  #filled = 0;
  #refused = false;
  #stuck = false;
  growth = 0;

  constructor(bugs: ReadonlySet<Bug>) {
    this.#bugs = bugs;
  }

  answer(call: Call): Answer {
    switch (call.do) {
      case 'begin':
        if (!this.#stuck) this.#filled = 0;
        this.#refused = false;
        return 0;
      case 'write':
        return this.#write(call.bytes);
      case 'end':
        return this.#end();
      case 'save': {
        const saved = new Uint8Array(SIZE);
        saved.set(header);
        saved.set(this.#port, HEADER);
        return saved;
      }
      case 'reset':
        this.#port = fresh();
        this.#filled = 0;
        this.#refused = false;
        this.#stuck = false;
        return 0;
      case 'run':
        return 0;
    }
  }

  #has(bug: Bug): boolean {
    return this.#bugs.has(bug);
  }

  #refuse(answer: number): number {
    this.#refused = true;
    return answer;
  }

  #write(bytes: Uint8Array): number {
    if (this.#refused && !this.#has('forgets that the header was refused')) return EFAULT;
    if (this.#filled + bytes.length > SIZE) {
      if (this.#has('keeps the memory of a state that is too long')) this.growth = bytes.length;
      return this.#refuse(ENOMEM);
    }
    const before = this.#filled;
    this.#buffer.set(bytes, before);
    this.#filled += bytes.length;
    if (before < HEADER && this.#filled >= HEADER) {
      if (before > 0 && this.#has('wants the header in one write')) return this.#refuse(EFAULT);
      if (header.some((byte, at) => byte !== this.#buffer[at])) {
        this.#stuck = this.#has('keeps its position after a refused header');
        return this.#refuse(EFAULT);
      }
    }
    if (this.#filled === SIZE && this.#has('applies before it checks')) this.#apply();
    return bytes.length;
  }

  #end(): number {
    const { length } = this.#buffer;
    const filled = this.#filled;
    if (this.#refused && !this.#has('forgets that the header was refused')) return EFAULT;
    if (filled < length) {
      if (filled < HEADER || !this.#has('loads what has come so far')) return this.#refuse(EINVAL);
      this.#buffer.fill(0, filled);
      this.#buffer[HEADER + 33] = 16;
    }
    const port = this.#buffer.subarray(HEADER);
    if (!this.#sound(port)) return this.#refuse(EINVAL);
    this.#apply();
    return 0;
  }

  #apply(): void {
    const given = this.#buffer.slice(HEADER);
    const divisor = word(given);
    if (divisor === 0xffff) this.#breaks();
    if (this.#has('keeps a larger divisor')) setWord(given, Math.max(divisor, word(this.#port)));
    if (this.#has('counts in each save')) given[3 + 4] = ((given[3 + 4] ?? 0) + 1) & 0xff;
    if (this.#has('keeps old bytes of the fifo')) {
      const old = this.#port.slice(8, 24);
      const empty = given.subarray(8, 24).every((byte) => byte === 0);
      if (empty && old.filter((byte) => byte !== 0).length > 8) given.set(old, 8);
    }
    this.#port = given;
  }

  #breaks(): void {
    if (this.#has('crashes on a divisor of 0xffff')) {
      const stack = ['set_divisor', 'restore_port', 'restore'];
      throw new End({ kind: 'crashed', signal: 'heap-buffer-overflow', stack });
    }
    if (this.#has('hangs on a divisor of 0xffff')) throw new End({ kind: 'hung' });
    if (this.#has('allocates for a divisor of 0xffff')) this.growth = 1 << 28;
    if (this.#has('writes without end on a divisor of 0xffff')) {
      throw new End({ kind: 'exhausted', what: 'output' });
    }
  }

  #sound(port: Uint8Array): boolean {
    const at = (offset: number): number => port[offset] ?? 0;
    const [head, tail, count, dlab, overrun] = [at(24), at(25), at(26), at(27), at(28)];
    const quiet = [0, 2, 5, 6, 29, 35].every((offset) => at(offset) === 0);
    if (!quiet || dlab > 1 || overrun > 1 || count > 16) return false;
    if (overrun === 1 && this.#has('refuses a state with an overrun')) return false;
    if (!this.#has('does not check head and tail')) {
      if (head > 15 || tail > 15 || ((head - tail) & 15) !== (count & 15)) return false;
    }
    // No rule has a word about these bits; another reader of the format may.
    if (at(4) > 0x1f && !this.#has('takes any modem control')) return false;
    if (dlab !== at(3) >> 7 || at(34) > 1) return false;
    return at(33) === 1 || at(33) === 16;
  }
}

const fresh = (): Uint8Array => {
  const port = new Uint8Array(36);
  port[33] = 16;
  return port;
};

const word = (port: Uint8Array): number => (port[30] ?? 0) | ((port[31] ?? 0) << 8);

const setWord = (port: Uint8Array, value: number): void => {
  port[30] = value & 0xff;
  port[31] = value >> 8;
};

const abilities: Abilities = {
  session: true,
  save: true,
  run: true,
  reset: true,
  coverage: false,
  comparisons: false,
  batch: 256,
  exactGrowth: true,
};

/** The device as a target in this process; every execution gets a device of its own. */
export const serialTarget = (...bugs: readonly Bug[]): Target => ({
  id: 'serial',
  abilities,
  run: async (executions, signal) =>
    executions.map((execution) => (signal.aborted ? interrupted : restored(execution, bugs))),
  [Symbol.asyncDispose]: async () => undefined,
});

const nothing = {
  saves: [],
  features: new Uint32Array(0),
  comparisons: [],
  message: '',
  nanoseconds: 1000,
  growth: 0,
  peak: 0,
};

const interrupted: Result = {
  ...nothing,
  outcome: { kind: 'unavailable', reason: 'interrupted' },
  steps: [],
};

const restored = (execution: Execution, bugs: readonly Bug[]): Result => {
  const device = new SerialDevice(new Set(bugs));
  const calls = session(execution);
  try {
    let next = calls.next();
    while (next.done !== true) next = calls.next(device.answer(next.value));
    return { ...nothing, ...next.value, growth: device.growth };
  } catch (error) {
    if (error instanceof End) return { ...nothing, outcome: error.outcome, steps: [] };
    throw error;
  }
};
