import type { Comparison, Outcome, Result } from '../targets/target.ts';
import type { Violation } from './oracles/oracle.ts';
import type { Plan } from './plan.ts';

/**
 * What a campaign and its workers say to each other. Plain data: a worker may be another process. A
 * batch is a pure function of its job and of the updates before it, so it does not matter which
 * worker runs it.
 */
export interface Job {
  readonly round: number;
  readonly batch: number;
  /** Stretches of the systematic gear. */
  readonly systematic: readonly Stretch[];
  /** Plans that the search gear draws. */
  readonly search: number;
}

export interface Stretch {
  readonly seed: string;
  /** Places in the order of the systematic gear, `from` up to `to` − 1. */
  readonly from: number;
  readonly to: number;
}

/** What has been learnt since the round before; the same for every worker. */
export interface Update {
  readonly entries: readonly Parent[];
  /** How often each entry is to be drawn, by its place. */
  readonly weights: Float64Array;
  readonly features: Uint32Array;
  readonly signatures: Uint32Array;
  readonly judged: Uint32Array;
  readonly walls: readonly Wall[];
}

/** A plan that showed something new, from which others are made. */
export interface Parent {
  readonly plan: Plan;
  readonly operands: readonly Comparison[];
}

/** The edits of a known finding that ends the target; what contains them is stepped around. */
export interface Wall {
  readonly id: string;
  readonly keys: readonly string[];
  /** The session that it takes, where a plain one does not do. */
  readonly session: string | undefined;
}

/** What came of one batch. */
export interface Report {
  readonly batch: number;
  readonly executions: number;
  /** Executions besides those of the plans: companions, and runs for operands. */
  readonly extra: number;
  /** Over the plans and their results, in order. */
  readonly digest: readonly [number, number];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly unavailable: number;
  /** Why the first of them was. */
  readonly reason: string | undefined;
  readonly novel: readonly Novel[];
  readonly finds: readonly Find[];
  /** Signatures and how often each was seen. */
  readonly signatures: readonly (readonly [number, number])[];
  readonly judged: readonly number[];
  /** Places of the entries that were drawn, once for each draw. */
  readonly drawn: readonly number[];
  /** Plans that were left out for each wall. */
  readonly stepped: Readonly<Record<string, number>>;
  readonly nanoseconds: number;
}

export interface Novel {
  readonly plan: Plan;
  readonly bytes: Uint8Array;
  readonly features: Uint32Array;
  readonly signature: number;
  readonly operands: readonly Comparison[];
  readonly outcome: Outcome['kind'];
}

/** Plans of one class that an oracle said the same of: the first of them, and what all of them took. */
export interface Find {
  readonly plan: Plan;
  readonly oracle: string;
  readonly violation: Violation;
  /** Of the first, without what was saved. */
  readonly result: Result;
  readonly count: number;
  readonly nanoseconds: number;
}
