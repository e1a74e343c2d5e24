import type { Confidence, Finding, Severity, Threat } from '../../finding/finding.ts';
import type { Abilities, Execution, Input, Result } from '../../targets/target.ts';
import type { Layout } from '../../layout/types.ts';
import type { Opinion } from '../opinion.ts';
import type { Plan } from '../plan.ts';
import type { Trace } from '../trace.ts';

/** One execution, with everything that an oracle may ask about it. */
export interface Subject {
  readonly plan: Plan;
  readonly execution: Execution;
  readonly result: Result;
  readonly trace: Trace;
  readonly known: Known;
  /** What the rules think of the first `length` bytes of an input; asked sparingly, so undefined where it was not. */
  readonly opinionOf: (input: Input, length: number) => Opinion | undefined;
  /** What the second target made of the same execution, where there is one. */
  readonly against?: Result;
}

/** What is known of a target before the attack begins: how it treats good states. */
export interface Known {
  /** An unedited seed that the target took in a plain restore. */
  readonly isGood: (input: Input) => boolean;
  /**
   * What a new device saves after the plain restore of a good seed, with or without a moment of the
   * guest between; undefined where it has no saves.
   */
  readonly savedOf: (input: Input, ran: boolean) => Uint8Array | undefined;
  /** What a device saves that nothing was restored into. */
  readonly freshSave: Uint8Array | undefined;
  /** After a refusal it takes the next good state without a reset. */
  readonly recovers: boolean;
  readonly layoutOf: (seed: string, path: string) => Layout | undefined;
  /**
   * The first byte in which two saves differ, leaving out those that change from one save to the
   * next by themselves; undefined where there is none.
   */
  readonly differs: (a: Uint8Array, b: Uint8Array) => number | undefined;
  /** Whether a good seed has this value in the field, or in the like of it in another record. */
  readonly taken: (path: string, value: bigint) => boolean;
  /** Bytes of memory by which the target grows when it takes a good state. */
  readonly growth: number;
  /** What it holds at one time whichever good state it takes. */
  readonly peak: number;
}

/** What an oracle says of one execution. */
export interface Violation {
  /** This execution, with its numbers; one line, no full stop. */
  readonly message: string;
  /** What tells this bug from others of the same oracle: a stack hash, a rule, an answer. */
  readonly bucket: string;
  /** The step of the execution that showed it. */
  readonly step?: number;
  /** The rule that says that the state must be refused. */
  readonly rule?: Finding;
  readonly expected?: string;
  readonly severity?: Severity;
}

/** How a restore path can be wrong: one kind of evidence, and what it means. */
export interface Oracle {
  /** Names the bad thing; the `rule` of its findings. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly threats: readonly [Threat, ...Threat[]];
  readonly cwe: string;
  /** What it means for the host, and what a restore path should do; full sentences. */
  readonly rationale: string;
  /** What the layout does not say may explain it: no reason to end a campaign that stops at a finding. */
  readonly mayBeLayout?: true;
  /** The bug lies in how sessions follow each other; which field shows it says little. */
  readonly aboutSessions?: true;
  /** Abilities of the target without which it is silent. */
  readonly needs?: readonly ('session' | 'save' | 'reset' | 'exactGrowth')[];
  /**
   * Another execution that has to be run beside the one that was seen before anything can be said;
   * undefined where it would say nothing.
   */
  readonly companion?: (subject: Subject) => Execution | undefined;
  readonly judge: (subject: Subject, companion?: Result) => Violation | undefined;
}

export const defineOracle = (oracle: Oracle): Oracle => oracle;

export const canAsk = ({ needs = [] }: Oracle, abilities: Abilities): boolean =>
  needs.every((ability) => abilities[ability] === true);
