/**
 * A restore path under attack. Adapters turn executions into results; they know nothing of formats,
 * plans or oracles, and a target that cannot be started is the laboratory's failure, never a finding.
 */
export interface Target {
  readonly id: string;
  readonly abilities: Abilities;
  /**
   * Runs executions in order, each on a device of its own, and gives one result for each. Resolves
   * whatever the target does; rejects only on a bug in the adapter. After a crash or a hang the
   * target is started again and the rest of the batch goes on.
   */
  run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]>;
  /** Coverage features that are known from elsewhere; later results leave them out. */
  know?(features: Uint32Array): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a target can do; a campaign leaves out what needs more. */
export interface Abilities {
  /** Steps are carried out one by one; otherwise an execution is one whole restore. */
  readonly session: boolean;
  readonly save: boolean;
  readonly run: boolean;
  readonly reset: boolean;
  /** Results carry coverage features; with `comparisons`, operands too when they are asked for. */
  readonly coverage: boolean;
  readonly comparisons: boolean;
  /** Executions that are worth sending at once. */
  readonly batch: number;
  /** `growth` is what is still allocated when the device is gone, to the byte, in a process that lasts. */
  readonly exactGrowth?: true;
  /** An execution may take the whole machine down, and what is known of it only here with it. */
  readonly endangers?: true;
}

/** Bytes for a device: the base with changes to it. The same base object comes again and again. */
export interface Input {
  readonly base: Uint8Array;
  /** Ascending by `at`, not overlapping; empty for the base itself. */
  readonly splices: readonly Splice[];
}

/** At offset `at` of the base, `drop` bytes are left out and `put` is written instead. */
export interface Splice {
  readonly at: number;
  readonly drop: number;
  readonly put: Uint8Array;
}

/** One thing that is done to the device. Lengths are bytes. */
export type Step =
  /** STOP to RESUMING: a restore session opens. */
  | { readonly do: 'begin' }
  /** One write of the next `length` bytes of the current input; fewer where it ends. */
  | { readonly do: 'write'; readonly length: number }
  /** RESUMING to STOP: the device takes the state. */
  | { readonly do: 'end' }
  /** The guest uses the device for a moment. */
  | { readonly do: 'run' }
  /** The device's state is read back. */
  | { readonly do: 'save' }
  | { readonly do: 'reset' }
  /** Later writes take this input of the execution from its start, or what was saved last. */
  | { readonly do: 'input'; readonly input: number | 'saved' };

export interface Execution {
  /** The first is the current one at the start. */
  readonly inputs: readonly Input[];
  readonly steps: readonly Step[];
  /** After a refused step: leave out the rest of its session (up to the next `begin`, `save` or `reset`), or carry on as a feeder that ignores errors. */
  readonly onRefusal: 'stop' | 'go-on';
  /** Operands of comparisons are wanted. */
  readonly comparisons?: true;
}

export type Outcome =
  /** The last `end` that was carried out succeeded. */
  | { readonly kind: 'accepted' }
  /** `reason` tells refusals apart and nothing else: `write: EFAULT`, `exit 2`. */
  | { readonly kind: 'rejected'; readonly reason: string }
  | {
      readonly kind: 'crashed';
      /** `SIGSEGV`, or a sanitizer's word for it: `heap-buffer-overflow`. */
      readonly signal: string;
      /** Function names, innermost first, the target's own frames only. */
      readonly stack: readonly string[];
    }
  | { readonly kind: 'hung' }
  /** A limit of the laboratory was passed. */
  | { readonly kind: 'exhausted'; readonly what: 'memory' | 'output' }
  /** The harness failed, not the target: counted and shown, never a finding. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface Result {
  readonly outcome: Outcome;
  /**
   * What each step of the execution answered, in order: 0 or more (bytes taken or given), `-errno`
   * when it was refused, undefined where it was left out or never reached.
   */
  readonly steps: readonly (number | undefined)[];
  /** What the `save` steps gave, in order; each at most 1 MiB. */
  readonly saves: readonly Uint8Array[];
  /** Features (edge and hit-count class) that neither `know` nor an earlier execution of this run named; ascending. */
  readonly features: Uint32Array;
  readonly comparisons: readonly Comparison[];
  /** What the target said, for people; at most 64 KiB, not escaped. */
  readonly message: string;
  readonly nanoseconds: number;
  /** Bytes by which the target's memory grew, where the adapter can tell. */
  readonly growth: number;
  /** Bytes that it held at one time beyond those before, where they were many and the adapter can tell. */
  readonly peak: number;
}

/** Two operands that the target compared and found different. */
export interface Comparison {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly left: bigint;
  readonly right: bigint;
}

export interface TargetOptions {
  /** Milliseconds for one execution. */
  readonly timeout: number;
  /** Bytes of memory that the target may take. */
  readonly memory: number;
  /** Bytes of output that are read before the target counts as exhausted. */
  readonly output: number;
  /** Variables of the target's environment; nothing of ours is handed on. */
  readonly environment: Readonly<Record<string, string>>;
  /** A real kernel device may be touched. */
  readonly allowDevice: boolean;
  /** Says once what the user should know: slow target, missing sanitizer. */
  readonly warn: (line: string) => void;
}

/** The whole restore as one write: what a plain loader does. */
export const wholeRestore = (length: number): readonly Step[] => [
  { do: 'begin' },
  { do: 'write', length },
  { do: 'end' },
];

export const lengthOf = ({ base, splices }: Input): number =>
  splices.reduce((sum, { drop, put }) => sum - drop + put.length, base.length);

/** The bytes of an input; the base itself where nothing is changed. */
export const bytesOf = (input: Input): Uint8Array => {
  const { base, splices } = input;
  if (splices.length === 0) return base;
  const bytes = new Uint8Array(lengthOf(input));
  let from = 0;
  let to = 0;
  for (const { at, drop, put } of splices) {
    bytes.set(base.subarray(from, at), to);
    to += at - from;
    bytes.set(put, to);
    to += put.length;
    from = at + drop;
  }
  bytes.set(base.subarray(from), to);
  return bytes;
};

/** The laboratory's failure before there is a target: the program does not start, or is not there. */
export class TargetUnavailable extends Error {}
