import type { Execution, Input, Step } from './target.ts';

/**
 * What vstate-check and native/vstate_harness.c say to each other; docs/harness.md gives it byte by
 * byte. Words are 32 bits in the machine's own order. The target can write whatever it likes to its
 * results, so each number that is read is compared with what there is room for.
 */
const PROTOCOL_VERSION = 1;

/** Regions of the shared file, one behind the other, in bytes. Pages that are not used cost nothing. */
/** Everything in front of the results. */
const CONTROL_SIZE = 4096;
export const RESULTS_SIZE = 8 << 20;
const REQUEST_SIZE = 64 << 20;
export const INPUTS_SIZE = 256 << 20;
export const RESULTS_AT = CONTROL_SIZE;
export const REQUEST_AT = RESULTS_AT + RESULTS_SIZE;
export const INPUTS_AT = REQUEST_AT + REQUEST_SIZE;
export const FILE_SIZE = INPUTS_AT + INPUTS_SIZE;

export const MESSAGE_SIZE = 32;
const OPTIONS_SIZE = 64;
const GO = 0x31475356;
const OPTIONS = 0x314f5356;
const ANSWER = 0x31445356;

/** The harness itself looks for VSTATE_FORK. */
const SNAPSHOT_OF_ENVIRONMENT = 0;
/** Memory held at once that is told; less is what any restore path may take. */
const HELD_TOLD = 1 << 20;

/** Bytes of requests that go in one message, unless one execution alone takes more. */
const REQUEST_GOAL = 1 << 20;
const MOST_INPUTS = 64;

/** Why the runtime itself ended the worker. */
export const causes = { none: 0, hung: 1, memory: 2, pipes: 3, malformed: 4 } as const;

/** Number of a step in a request. A look-up by name takes several times as long, and there are many. */
export const stepCode = (step: Step): number => {
  switch (step.do) {
    case 'begin':
      return 0;
    case 'write':
      return 1;
    case 'end':
      return 2;
    case 'run':
      return 3;
    case 'save':
      return 4;
    case 'reset':
      return 5;
    case 'input':
      return 6;
  }
};

/** Flags of an execution in a request. */
const GO_ON = 1;
const COMPARISONS = 2;
/** The heap is not looked at behind it; what it leaves is in the growth that is told next. */
const NO_HEAP = 4;

export interface Hello {
  readonly session: boolean;
  readonly save: boolean;
  readonly run: boolean;
  readonly reset: boolean;
  readonly coverage: boolean;
  readonly edges: number;
}

export interface Answer {
  readonly serial: number;
  readonly kind: 'hello' | 'done' | 'died';
  readonly complete: number;
  readonly filled: number;
  /** What waitpid(2) said of a worker that died; the abilities in a hello. */
  readonly status: number;
  readonly cause: number;
  readonly extra: number;
}

const answerKinds = ['hello', 'done', 'died'] as const;

export const optionsMessage = (limits: {
  readonly timeout: number;
  readonly memory: number;
  readonly output: number;
}): Uint8Array => {
  const words = new Uint32Array(OPTIONS_SIZE / 4);
  const kibibytes = (bytes: number): number => Math.min(Math.ceil(bytes / 1024), 0xffffffff);
  words.set([
    OPTIONS,
    PROTOCOL_VERSION,
    Math.min(Math.max(Math.ceil(limits.timeout), 1), 0x7fffffff),
    kibibytes(limits.memory),
    kibibytes(limits.output),
    RESULTS_SIZE,
    REQUEST_SIZE,
    INPUTS_SIZE,
    SNAPSHOT_OF_ENVIRONMENT,
    kibibytes(HELD_TOLD),
  ]);
  return new Uint8Array(words.buffer);
};

export const goMessage = (go: {
  readonly serial: number;
  readonly firstOfRun: boolean;
  readonly known: number;
  readonly size: number;
  readonly executions: number;
}): Uint8Array =>
  new Uint8Array(
    Uint32Array.of(GO, go.serial, go.firstOfRun ? 1 : 0, go.known, go.size, go.executions, 0, 0)
      .buffer,
  );

/** The message at the start of `bytes`; undefined when it is none of ours. */
export const answerOf = (bytes: Buffer): Answer | undefined => {
  if (bytes.length < MESSAGE_SIZE) return undefined;
  const word = (index: number): number => bytes.readUInt32LE(4 * index);
  const kind = answerKinds[word(2)];
  if (word(0) !== ANSWER || kind === undefined) return undefined;
  return {
    serial: word(1),
    kind,
    complete: word(3),
    filled: word(4),
    status: word(5),
    cause: word(6),
    extra: word(7),
  };
};

export const helloOf = ({ status, extra }: Answer): Hello => ({
  session: (status & 1) !== 0,
  save: (status & 2) !== 0,
  run: (status & 4) !== 0,
  reset: (status & 8) !== 0,
  coverage: (status & 16) !== 0,
  edges: extra,
});

/** Where a base lies in the region of inputs; undefined when it does not fit there at all. */
export type PlaceBase = (base: Uint8Array) => number | undefined;

/** Executions as words, in a buffer that grows and is used again. */
export class RequestWriter {
  #bytes = new Uint8Array(REQUEST_GOAL);
  #words = new Uint32Array(this.#bytes.buffer);
  #at = 0;
  #last = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, 4 * this.#at);
  }

  clear(): void {
    this.#at = 0;
  }

  know(features: Uint32Array): void {
    this.#reserve(features.length);
    this.#words.set(features, this.#at);
    this.#at += features.length;
  }

  /**
   * Whether the execution was written; `full` asks for another message, a reason says never.
   *
   * @param heap whether the heap is looked at behind it
   */
  add(
    execution: Execution,
    place: PlaceBase,
    heap: boolean,
  ): 'added' | 'full' | { readonly never: string } {
    const { inputs, steps } = execution;
    const size = wordsOf(execution);
    if (4 * size > REQUEST_SIZE) return { never: 'its changes are larger than 64 MiB' };
    if (inputs.length > MOST_INPUTS) return { never: `it has more than ${MOST_INPUTS} inputs` };
    if (this.#at > 0 && 4 * (this.#at + size) > REQUEST_GOAL) return 'full';
    this.#reserve(size);
    const start = this.#at;
    const words = this.#words;
    let at = start;
    words[at] =
      (execution.onRefusal === 'go-on' ? GO_ON : 0) |
      (execution.comparisons === true ? COMPARISONS : 0) |
      (heap ? 0 : NO_HEAP);
    words[at + 1] = inputs.length;
    words[at + 2] = steps.length;
    at += 3;
    for (const input of inputs) {
      const offset = place(input.base);
      if (offset === undefined) return { never: 'its inputs are larger than 256 MiB' };
      at = this.#addInput(input, offset, at);
    }
    for (const step of steps) {
      words[at] = stepCode(step);
      words[at + 1] = step.do === 'write' ? step.length : step.do === 'input' ? source(step) : 0;
      at += 2;
    }
    this.#at = at;
    this.#last = start;
    return 'added';
  }

  /** Has the heap looked at behind the execution that was added last. */
  lookBehindLast(): void {
    this.#words[this.#last] = (this.#words[this.#last] ?? 0) & ~NO_HEAP;
  }

  #addInput({ base, splices }: Input, offset: number, start: number): number {
    const words = this.#words;
    words[start] = offset;
    words[start + 1] = base.length;
    words[start + 2] = splices.length;
    let at = start + 3;
    for (const { at: where, drop, put } of splices) {
      words[at] = where;
      words[at + 1] = drop;
      words[at + 2] = put.length;
      at += 3;
      // Copying a few bytes one by one is faster than a call of `set`.
      if (put.length > 32) this.#bytes.set(put, 4 * at);
      else
        for (let index = 0; index < put.length; index += 1) this.#put(4 * at + index, put, index);
      at += (put.length + 3) >> 2;
    }
    return at;
  }

  #put(at: number, bytes: Uint8Array, index: number): void {
    this.#bytes[at] = bytes[index] ?? 0;
  }

  #reserve(words: number): void {
    if (this.#at + words <= this.#words.length) return;
    const larger = new Uint8Array(4 * Math.max(2 * this.#words.length, this.#at + words));
    larger.set(this.bytes);
    this.#bytes = larger;
    this.#words = new Uint32Array(larger.buffer);
  }
}

const source = (step: Extract<Step, { do: 'input' }>): number =>
  step.input === 'saved' ? 0xffffffff : step.input;

const wordsOf = ({ inputs, steps }: Execution): number => {
  let words = 3 + 2 * steps.length;
  for (const { splices } of inputs) {
    words += 3;
    for (const { put } of splices) words += 3 + ((put.length + 3) >> 2);
  }
  return words;
};
