import { rmSync } from 'node:fs';
import {
  Bugs,
  knownBug,
  triageBudget,
  type BugCost,
  type KnownBug,
  type SavedBugs,
} from './bugs.ts';
import { digestOf } from './campaign/foreign.ts';
import type { Folder } from './campaign/folder.ts';
import { planPaths } from './edit-class.ts';
import {
  bugReport,
  findingFiles,
  firstFiles,
  readFinding,
  type BugReport,
  type StoredFinding,
} from './finding-folder.ts';
import type { Lab } from './lab.ts';
import type { Memory } from './memory.ts';
import { sameBug } from './minimise.ts';
import { triage, type Bug } from './triage.ts';
import { wallOf } from './walls.ts';
import type { Find } from './work.ts';

export interface FindingsOptions {
  readonly folder: Folder;
  readonly lab: Lab;
  readonly memory: Memory;
  /** The text of a finding, for a person; not ours to write. */
  readonly describe: (report: BugReport) => string;
  readonly onFinding: (report: BugReport) => void;
  /** A find whose triage this cuts short stays as it was found, for the next time. */
  readonly signal: AbortSignal;
}

/**
 * The findings of a campaign, and their folders. A find is written down as soon as an oracle spoke, and
 * gets its name when it is small.
 *
 * A campaign that was killed goes on from its last saved state, and the same executions find again
 * what was found after that, in the same order. So a folder that the state does not know of waits
 * until they have been run; what none of them has shown again is taken up then.
 */
export class Findings {
  readonly #options: FindingsOptions;
  readonly #bugs: Bugs;
  readonly #walls: string[] = [];
  /** Names of folders that the state does not know of, and the executions after which they came. */
  readonly #left = new Map<string, number>();

  constructor(options: FindingsOptions, saved: SavedBugs | undefined) {
    this.#options = options;
    this.#bugs = new Bugs(saved?.tried);
    const { folder } = options;
    const there = new Map<string, StoredFinding>();
    for (const name of folder.findings()) {
      const stored = readFinding(folder.findingPath(name));
      if (stored !== undefined) there.set(name, stored);
    }
    for (const known of saved?.bugs ?? []) {
      const stored = there.get(known.id);
      // Somebody may have taken it away.
      if (stored === undefined) continue;
      there.delete(known.id);
      this.#know(knownAs(stored, known));
    }
    for (const [name, { executions }] of there) this.#left.set(name, executions);
  }

  get all(): readonly KnownBug[] {
    return this.#bugs.all;
  }

  /** Finds that have no name yet. */
  get unseen(): number {
    return this.#options.folder.findings().filter(isFirst).length;
  }

  saved(): SavedBugs {
    return this.#bugs.saved();
  }

  /** What each bug has cost, and what was found behind it. */
  costs(): readonly BugCost[] {
    return this.#bugs.costs(this.#options.memory.executions);
  }

  /** Counts the finds that are known, and looks into the others, in order, at most so many. */
  async take(finds: readonly Find[], round: number, most: number): Promise<void> {
    let left = most;
    for (const find of finds) {
      if (this.#bugs.count(find) || left === 0) continue;
      left -= 1;
      await this.#record(find, round);
    }
  }

  /** Takes up what was found before, and not again although the campaign has passed that point. */
  async takeUp(round: number): Promise<void> {
    const { folder, memory, signal } = this.#options;
    for (const [name, executions] of this.#left) {
      if (executions > memory.executions || signal.aborted) continue;
      const stored = this.#bugs.get(name) ? undefined : readFinding(folder.findingPath(name));
      this.#left.delete(name);
      if (stored === undefined) continue;
      if (isFirst(name)) await this.#takeUpFirst(name, stored, round);
      else {
        const nothing = { hits: 0, nanoseconds: 0, behind: [] };
        this.#know(knownAs(stored, { id: name, round, at: executions, ...nothing }));
      }
    }
  }

  async #takeUpFirst(name: string, stored: StoredFinding, round: number): Promise<void> {
    const { folder, lab, signal } = this.#options;
    const { plan, oracle, bucket, message } = stored;
    const [seen] = await lab.examine([plan], signal, oracle);
    // The target did not answer, or the plan fits nothing here: it stays for another time.
    if (seen === undefined || seen.result.outcome.kind === 'unavailable') return;
    const violation = sameBug(seen, oracle, bucket)?.violation ?? { message, bucket };
    const { result } = seen;
    const find = { plan, oracle, violation, result, count: 1, nanoseconds: result.nanoseconds };
    if (!this.#bugs.count(find) && !(await this.#record(find, round))) return;
    rmSync(folder.findingPath(name), { recursive: true, force: true });
  }

  /** Writes a find down, makes it small, and says which bug it is; false when it was cut short. */
  async #record(find: Find, round: number): Promise<boolean> {
    const { folder, lab, memory, signal } = this.#options;
    const { oracle, plan, violation } = find;
    const { bucket, message } = violation;
    const { executions } = memory;
    const execution = lab.apply([plan])[0]?.execution;
    const kind = digestOf(Buffer.from(`${oracle}\n${bucket}\n${planPaths(plan)}`));
    const first = `new-${kind.slice(0, 8)}-${executions}`;
    const said = { oracle, bucket, message, round, executions };
    folder.addFinding(first, firstFiles(lab.options.library, plan, said, execution));
    const bug = await triage(lab, find, signal, triageBudget(lab.options.target.abilities));
    if (signal.aborted) return false;
    if (bug !== undefined) {
      const known = this.#bugs.get(bug.id);
      this.#bugs.tried(find, bug.id);
      if (known === undefined) this.#discover(bug, find, execution, round);
      else known.hits += find.count;
    }
    rmSync(folder.findingPath(first), { recursive: true, force: true });
    return true;
  }

  #discover(
    bug: Bug,
    find: Find,
    original: ReturnType<Lab['apply']>[number]['execution'] | undefined,
    round: number,
  ): void {
    const { folder, lab, memory, describe, onFinding } = this.#options;
    const { library } = lab.options;
    const { executions } = memory;
    const known = knownBug(bug, round, executions, [...this.#walls]);
    known.hits = find.count;
    known.nanoseconds = find.nanoseconds;
    const report = bugReport(library, bug, known, folder.settings);
    folder.addFinding(bug.id, findingFiles(library, bug, original, report, describe(report)));
    folder.journal.add({ kind: 'finding', round, id: bug.id, oracle: bug.oracle, executions });
    this.#know(known);
    onFinding(report);
  }

  #know(bug: KnownBug): void {
    this.#bugs.add(bug);
    const wall = wallOf(bug.id, bug.oracle, bug.minimal);
    if (wall === undefined) return;
    this.#walls.push(bug.id);
    this.#options.memory.addWall(wall);
  }
}

const isFirst = (name: string): boolean => name.startsWith('new-');

const knownAs = (
  { oracle, bucket, minimal }: StoredFinding,
  known: SavedBugs['bugs'][number],
): KnownBug => ({ ...known, oracle, bucket, minimal });
