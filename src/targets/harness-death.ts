import { constants } from 'node:os';
import { causes } from './harness-protocol.ts';
import type { Symbols } from './symbols.ts';
import type { Outcome } from './target.ts';

/** All that is known of how an execution ended that has no complete record. */
export interface Death {
  /** What waitpid(2) said of the worker; absent when the whole program is gone. */
  readonly status: number | undefined;
  /** How the program ended, where it did. */
  readonly reason: string;
  /** Why the runtime ended the worker, if it did. */
  readonly cause: number;
  /** It made no progress, and was killed by us. */
  readonly stalled: boolean;
  /** No other execution ran in the same worker since it was started or its output forgotten. */
  readonly alone: boolean;
  readonly printed: string;
}

export type Verdict =
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly message: string }
  /** It may not have been this execution's doing. */
  | { readonly kind: 'again'; readonly otherwise: Outcome };

/** Signals that a person or the kernel's want of memory sends; code under test raises others. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
]);

const signalNames = new Map<number, string>(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, value]) => [value, name]),
);

export const judgeDeath = async (
  { status, reason, cause, stalled, alone, printed }: Death,
  symbols: Symbols,
  program: string,
): Promise<Verdict> => {
  const ended = (outcome: Outcome): Verdict => ({
    kind: 'ended',
    outcome,
    message: printed,
  });
  const unlessAlone = (outcome: Outcome): Verdict =>
    alone ? ended(outcome) : { kind: 'again', otherwise: outcome };
  const unavailable = (why: string): Outcome => ({ kind: 'unavailable', reason: why });

  if (stalled || cause === causes.hung) return ended({ kind: 'hung' });
  // Memory and output add up over a batch, so only one that is alone passed the limit by itself.
  if (cause === causes.memory) return unlessAlone({ kind: 'exhausted', what: 'memory' });
  if (cause === causes.malformed) {
    return unlessAlone(unavailable('the harness did not understand the request'));
  }
  if (status === undefined)
    return { kind: 'again', otherwise: unavailable(`the harness ${reason}`) };

  const exited = (status & 0x7f) === 0;
  const signal = signalNames.get(status & 0x7f) ?? `signal ${status & 0x7f}`;
  if (!exited && signal === 'SIGXFSZ') return unlessAlone({ kind: 'exhausted', what: 'output' });
  if (!exited && FROM_OUTSIDE.has(signal)) {
    return { kind: 'again', otherwise: unavailable(`the harness was ended by ${signal}`) };
  }
  const report = await symbols.explain(printed, program);
  if (report !== undefined) {
    const { signal: word, stack, text } = report;
    return { kind: 'ended', outcome: { kind: 'crashed', signal: word, stack }, message: text };
  }
  const word = exited ? `exit ${(status >> 8) & 0xff}` : signal;
  return ended({ kind: 'crashed', signal: word, stack: [] });
};
