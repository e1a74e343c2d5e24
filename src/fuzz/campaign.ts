import { createHash } from 'node:crypto';
import type { Format } from '../formats/format.ts';
import type { Calibration } from './calibration.ts';
import type { Folder } from './campaign/folder.ts';
import { stateFrom, stateText } from './campaign/state.ts';
import { digestOf } from './campaign/foreign.ts';
import type { Statistics } from './campaign/statistics.ts';
import type { BugReport } from './finding-folder.ts';
import { Findings } from './findings.ts';
import type { BugCost } from './bugs.ts';
import { Grammar } from './grammar.ts';
import type { Lab } from './lab.ts';
import { Memory } from './memory.ts';
import { oracleById } from './oracles/index.ts';
import type { Plan } from './plan.ts';
import { runRound, type Worker } from './pool.ts';
import { Schedule } from './schedule.ts';
import type { Find, Report } from './work.ts';

export interface Budget {
  /** Executions of plans, without those of triage; Infinity for no limit. */
  readonly executions: number;
  readonly milliseconds: number;
  /** Ends when the chance that an execution shows something new falls below this. */
  readonly chance: number;
  readonly stopOnFirst: boolean;
}

export interface CampaignOptions {
  readonly folder: Folder;
  readonly format: Format;
  readonly lab: Lab;
  readonly calibration: Calibration;
  /** Opens the workers; they get their first update before their first job. */
  readonly workers: (memory: Memory) => Promise<readonly Worker[]>;
  readonly workerCount: number;
  readonly budget: Budget;
  /** The text of a finding, for a person; not ours to write. */
  readonly describe: (report: BugReport) => string;
  readonly onFinding: (report: BugReport) => void;
  readonly onStatistics: (stats: Statistics) => void;
  /** Milliseconds since some start, that never go back. */
  readonly now: () => number;
  /** The user wants to stop: what is known is written, nothing more is run. */
  readonly signal: AbortSignal;
}

export interface Campaigned {
  readonly statistics: Statistics;
  readonly why: 'executions' | 'time' | 'chance' | 'first finding' | 'interrupted' | 'unavailable';
  readonly reason?: string;
  /** Finds that were not looked into, because the user stopped the campaign. */
  readonly unseen: number;
}

/** Finds of one round that are triaged; the others come again. */
const MOST_TRIAGED = 16;
/** The state is written that often at most, and so is `plot_data`. */
const SAVE_EVERY = 2000;
/** `setTimeout` waits no longer than this. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** A target that is lost for this many rounds in a row is not coming back. */
const MOST_LOST = 3;

const isReason = ({ oracle }: { readonly oracle: string }): boolean =>
  oracleById(oracle)?.mayBeLayout !== true;

/** A campaign from its folder's state to its budget's end. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #memory = new Memory();
  readonly #findings: Findings;
  readonly #schedule: Schedule;
  #round = 0;
  #digest = '';
  #unavailable = 0;
  #reason: string | undefined;
  #stepped = 0;
  readonly #outcomes: Record<string, number> = {};
  #started = 0;
  #saved = -Infinity;
  #rate: { readonly at: number; readonly executions: number; readonly rate: number };

  constructor(options: CampaignOptions) {
    this.#options = options;
    const { lab, folder } = options;
    const { library, target } = lab.options;
    const state = stateFrom(folder.state());
    const grammar = new Grammar(library, target.abilities);
    this.#schedule = new Schedule(library.seeds, grammar, target.abilities, state?.cursor);
    if (state !== undefined) {
      this.#memory.restore(state.memory);
      this.#round = state.round;
      this.#digest = state.digest;
      this.#unavailable = state.unavailable;
      this.#stepped = state.stepped;
      Object.assign(this.#outcomes, state.outcomes);
    }
    this.#findings = new Findings({ ...options, memory: this.#memory }, state?.bugs);
    this.#rate = { at: 0, executions: this.#memory.executions, rate: 0 };
  }

  async run(): Promise<Campaigned> {
    const { folder, workers, workerCount, lab, calibration, signal } = this.#options;
    const { journal, settings } = folder;
    this.#started = this.#options.now();
    if (this.#round === 0 && this.#memory.executions === 0) {
      const seeds = lab.options.library.seeds.map(({ digest }) => digest);
      const { target, format, seed } = settings;
      journal.add({ kind: 'start', version: 1, target, format, seed, seeds });
    } else {
      journal.add({ kind: 'resume', round: this.#round });
    }
    await this.#brokenSeeds(calibration);
    await this.#findings.takeUp(this.#round);
    const pool = await workers(this.#memory);
    // One signal for the whole campaign: a listener for each round would pile up.
    const ends = new AbortController();
    const end = (): void => ends.abort();
    const timer = setTimeout(
      end,
      Math.ceil(Math.min(Math.max(this.#timeLeft(), 1), LONGEST_TIMER)),
    );
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const ended = await this.#rounds(pool, ends.signal);
      this.#save(true);
      journal.add({ kind: 'end', executions: this.#memory.executions, why: ended.why });
      return {
        ...ended,
        statistics: this.#statistics(workerCount),
        unseen: this.#findings.unseen,
      };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      await Promise.all(pool.map(async (worker) => worker.close()));
    }
  }

  async #rounds(
    pool: readonly Worker[],
    ends: AbortSignal,
  ): Promise<Omit<Campaigned, 'statistics' | 'unseen'>> {
    const { budget, signal, onStatistics, workerCount } = this.#options;
    let lost = 0;
    for (;;) {
      const why = this.#enough();
      if (why !== undefined) return { why };
      const cursor = this.#schedule.cursor;
      const left = budget.executions - this.#memory.executions;
      const jobs = this.#schedule.jobs(this.#round, left);
      const update = this.#memory.update();
      for (const worker of pool) worker.learn(update);
      const reports = await runRound(pool, jobs, ends);
      const cut = ends.aborted;
      const before = this.#memory.executions;
      await this.#merge(reports, cut);
      if (cut) {
        // A round that was cut short is not one that can be run again; it goes on before it.
        this.#schedule.back(cursor);
        return { why: signal.aborted ? 'interrupted' : 'time' };
      }
      this.#round += 1;
      lost = this.#memory.executions === before ? lost + 1 : 0;
      if (lost >= MOST_LOST) {
        return { why: 'unavailable', reason: this.#reason ?? 'the target did not answer' };
      }
      this.#save(false);
      onStatistics(this.#statistics(workerCount));
    }
  }

  #timeLeft(): number {
    return this.#options.budget.milliseconds - (this.#options.now() - this.#started);
  }

  #enough(): Campaigned['why'] | undefined {
    const { budget, signal } = this.#options;
    if (signal.aborted) return 'interrupted';
    if (budget.stopOnFirst && this.#findings.all.some(isReason)) return 'first finding';
    if (this.#memory.executions >= budget.executions) return 'executions';
    if (this.#timeLeft() <= 0) return 'time';
    if (budget.chance > 0) {
      const { done, total } = this.#schedule.progress;
      if (done >= total && this.#memory.chanceOfNew() < budget.chance) return 'chance';
    }
    return undefined;
  }

  /** Merges the reports of a round in the order of its batches, then looks at what is new. */
  async #merge(reports: readonly Report[], cut: boolean): Promise<void> {
    const { journal } = this.#options.folder;
    const digest = createHash('sha256').update(this.#digest);
    const finds: Find[] = [];
    for (const report of reports) {
      for (const { novel, features } of this.#memory.merge(report)) this.#keep(novel, features);
      finds.push(...report.finds);
      digest.update(report.digest.join(' '));
      this.#unavailable += cut ? 0 : report.unavailable;
      this.#reason = report.reason ?? this.#reason;
      for (const [kind, count] of Object.entries(report.outcomes)) {
        this.#outcomes[kind] = (this.#outcomes[kind] ?? 0) + count;
      }
      for (const count of Object.values(report.stepped)) this.#stepped += count;
    }
    await this.#look(finds);
    await this.#findings.takeUp(this.#round);
    if (cut) return;
    this.#digest = digest.digest('hex');
    journal.add({
      kind: 'round',
      round: this.#round,
      executions: this.#memory.executions,
      digest: this.#digest.slice(0, 16),
    });
  }

  /** Into what is new, as far as there is time; one reason is enough for a campaign that stops at it. */
  async #look(finds: readonly Find[]): Promise<void> {
    if (!this.#options.budget.stopOnFirst) {
      await this.#findings.take(finds, this.#round, MOST_TRIAGED);
      return;
    }
    await this.#findings.take(finds.filter(isReason), this.#round, 1);
    if (this.#findings.all.some(isReason)) return;
    await this.#findings.take(finds, this.#round, MOST_TRIAGED);
  }

  #keep(novel: Report['novel'][number], features: number): void {
    const { folder } = this.#options;
    const digest = digestOf(novel.bytes);
    const { length } = this.#memory.entries;
    const parent = { plan: novel.plan, operands: novel.operands };
    const ends = novel.outcome !== 'accepted' && novel.outcome !== 'rejected';
    // What ends the target is a finding, not a way to go on.
    if (ends) return;
    const origin = `src:${novel.plan.seed.slice(0, 8)},op:${novel.plan.edits.length},+${features > 0 ? 'cov' : 'sig'}`;
    const file = folder.addGenerated(length, digest, origin, novel.bytes);
    this.#memory.add({
      number: length,
      parent,
      file,
      features,
      size: novel.bytes.length,
      drawn: 0,
    });
    folder.journal.add({ kind: 'entry', round: this.#round, digest, file });
  }

  /** Seeds that break the target as they are. */
  async #brokenSeeds({ broken }: Calibration): Promise<void> {
    const { lab, signal } = this.#options;
    const plans = broken.map((seed): Plan => ({
      seed,
      edits: [],
      repair: { kind: 'all' },
      session: { cuts: { kind: 'whole' }, onRefusal: 'stop', shape: 'plain' },
    }));
    const finds: Find[] = [];
    for (const { plan, result, witnesses } of await lab.examine(plans.slice(0, 64), signal)) {
      for (const { oracle, violation } of witnesses) {
        const { nanoseconds } = result;
        finds.push({ plan, oracle: oracle.id, violation, result, count: 1, nanoseconds });
      }
    }
    await this.#findings.take(finds, this.#round, finds.length);
  }

  #save(last: boolean): void {
    const now = this.#options.now();
    if (!last && now - this.#saved < SAVE_EVERY) return;
    this.#saved = now;
    const { folder, workerCount } = this.#options;
    folder.saveState(
      stateText({
        round: this.#round,
        digest: this.#digest,
        cursor: this.#schedule.cursor,
        unavailable: this.#unavailable,
        stepped: this.#stepped,
        outcomes: this.#outcomes,
        bugs: this.#findings.saved(),
        memory: this.#memory.saved(),
      }),
    );
    folder.writeStatistics(this.#statistics(workerCount));
    folder.write('grammar.json', `${JSON.stringify(this.#schedule.heat())}\n`);
    folder.write('bugs.json', `${JSON.stringify(this.costs(), null, 2)}\n`);
  }

  costs(): readonly BugCost[] {
    return this.#findings.costs();
  }

  #statistics(workers: number): Statistics {
    const { folder, calibration, lab, now } = this.#options;
    const elapsed = now() - this.#started;
    const { executions } = this.#memory;
    if (elapsed - this.#rate.at > 1000 || this.#rate.at === 0) {
      const rate =
        ((executions - this.#rate.executions) * 1000) / Math.max(elapsed - this.#rate.at, 1);
      this.#rate = { at: elapsed, executions, rate };
    }
    const bugs = this.#findings.all;
    const count = (oracle: string): number => bugs.filter((bug) => bug.oracle === oracle).length;
    const { done, total } = this.#schedule.progress;
    const { target, format, seed } = folder.settings;
    return {
      target,
      format,
      seed,
      workers,
      started: Date.now() - elapsed,
      elapsed,
      round: this.#round,
      executions,
      rate: this.#rate.rate,
      kept: lab.options.library.seeds.length,
      generated: this.#memory.entries.length,
      features: this.#memory.features,
      signatures: this.#memory.signatures,
      systematic: done,
      systematicTotal: total,
      stability: calibration.stability,
      findings: bugs.length,
      crashes: count('restore-crashed'),
      hangs: count('restore-hangs'),
      unavailable: this.#unavailable,
      steppedAround: this.#stepped,
      outcomes: this.#outcomes,
      chance: this.#memory.chanceOfNew(),
    };
  }
}
