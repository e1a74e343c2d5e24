import type { Abilities } from '../targets/target.ts';
import type { Plan } from './plan.ts';
import { planPaths } from './edit-class.ts';
import { oracleById } from './oracles/index.ts';
import { contains, type Bug } from './triage.ts';
import type { Find } from './work.ts';

/** A bug as a campaign keeps it. */
export interface KnownBug {
  readonly id: string;
  readonly oracle: string;
  readonly bucket: string;
  readonly minimal: Plan;
  /** The round that it was found in, and executions until then. */
  readonly round: number;
  readonly at: number;
  /** Executions that showed it, and what they cost. */
  hits: number;
  nanoseconds: number;
  /** Known bugs that end the target and were stepped around when this one was found. */
  readonly behind: readonly string[];
}

/** What `state.json` keeps of the bugs, in the order of their discovery; their folders have the rest. */
export interface SavedBugs {
  readonly bugs: readonly Omit<KnownBug, 'oracle' | 'bucket' | 'minimal'>[];
  readonly tried: Tried;
}

/** Finds that were triaged, by their fields, and the bugs that they turned out to be. */
type Tried = readonly (readonly [find: string, bug: string])[];

export interface BugCost {
  readonly id: string;
  readonly oracle: string;
  readonly round: number;
  readonly executions: number;
  readonly hits: number;
  /** Of all executions, those that it took. */
  readonly share: number;
  readonly seconds: number;
  readonly foundBehind: readonly string[];
}

/** Bugs of one oracle and bucket that are told apart by their fields; more are one and the same. */
const MOST_OF_A_KIND = 16;
/** The same where the field is only the occasion. */
const MOST_OF_SESSIONS = 2;
const MOST_TRIED = 1 << 16;

/** All that is known of the bugs of a target: which find is which bug, and which is a new one. */
export class Bugs {
  readonly #byId = new Map<string, KnownBug>();
  readonly #byKind = new Map<string, KnownBug[]>();
  readonly #tried: Map<string, string>;

  constructor(tried: Tried = []) {
    this.#tried = new Map(tried);
  }

  get all(): readonly KnownBug[] {
    return [...this.#byId.values()];
  }

  get(id: string): KnownBug | undefined {
    return this.#byId.get(id);
  }

  /** Counts a find for the bug that it is; false when it is none of the known ones. */
  count(find: Pick<Find, 'plan' | 'oracle' | 'violation' | 'count' | 'nanoseconds'>): boolean {
    const kind = kindOf(find.oracle, find.violation.bucket);
    const same = this.#byKind.get(kind) ?? [];
    const tried = this.#tried.get(`${kind} ${planPaths(find.plan)}`);
    const bug =
      (tried === undefined ? undefined : this.#byId.get(tried)) ??
      same.find(({ minimal }) => shows(find.plan, minimal)) ??
      (same.length >= mostOf(find.oracle) ? same[0] : undefined);
    if (bug === undefined) return false;
    bug.hits += find.count;
    bug.nanoseconds += find.nanoseconds;
    return true;
  }

  /** Remembers what a find turned out to be. */
  tried(find: Pick<Find, 'plan' | 'oracle' | 'violation'>, id: string): void {
    if (this.#tried.size >= MOST_TRIED) return;
    const kind = kindOf(find.oracle, find.violation.bucket);
    this.#tried.set(`${kind} ${planPaths(find.plan)}`, id);
  }

  add(bug: KnownBug): void {
    this.#byId.set(bug.id, bug);
    const kind = kindOf(bug.oracle, bug.bucket);
    this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), bug]);
  }

  saved(): SavedBugs {
    return {
      bugs: this.all.map(({ id, round, at, hits, nanoseconds, behind }) => ({
        id,
        round,
        at,
        hits,
        nanoseconds,
        behind,
      })),
      tried: [...this.#tried],
    };
  }

  costs(executions: number): readonly BugCost[] {
    return this.all.map(({ id, oracle, round, at, hits, nanoseconds }) => ({
      id,
      oracle,
      round,
      executions: at,
      hits,
      share: executions === 0 ? 0 : hits / executions,
      seconds: nanoseconds / 1e9,
      foundBehind: this.all.flatMap((other) => (other.behind.includes(id) ? [other.id] : [])),
    }));
  }
}

const mostOf = (oracle: string): number =>
  oracleById(oracle)?.aboutSessions === true ? MOST_OF_SESSIONS : MOST_OF_A_KIND;

const kindOf = (oracle: string, bucket: string): string => `${oracle} ${bucket}`;

const shows = (plan: Plan, minimal: Plan): boolean =>
  minimal.edits.length > 0 ? contains(plan, minimal) : plan.session.shape === minimal.session.shape;

export const knownBug = (
  { id, oracle, bucket, minimal }: Bug,
  round: number,
  at: number,
  behind: readonly string[],
): KnownBug => ({
  id,
  oracle,
  bucket,
  minimal,
  round,
  at,
  hits: 1,
  nanoseconds: 0,
  behind,
});

/** Executions that minimising may take while a campaign runs: a slow target has better things to do. */
export const triageBudget = ({ batch }: Abilities): number =>
  batch >= 64 ? 2000 : batch >= 8 ? 500 : 64;
