/** Where a campaign stands, for the screen, the reports and the files that other tools read. */
export interface Statistics {
  readonly target: string;
  readonly format: string;
  readonly seed: number;
  readonly workers: number;
  /** Milliseconds since the epoch, and of this run. */
  readonly started: number;
  readonly elapsed: number;
  readonly round: number;
  readonly executions: number;
  /** Of the last seconds. */
  readonly rate: number;
  readonly kept: number;
  readonly generated: number;
  /** Distinct coverage features, and distinct outcome signatures. */
  readonly features: number;
  readonly signatures: number;
  /** Plans of the systematic gear that were made, of those that there are: what of the grammar was tried. */
  readonly systematic: number;
  readonly systematicTotal: number;
  /** Share of seeds that did the same twice, 0 to 1. */
  readonly stability: number;
  readonly findings: number;
  readonly crashes: number;
  readonly hangs: number;
  /** Executions that the laboratory lost. */
  readonly unavailable: number;
  /** Plans that were not run because they would have met a known crash. */
  readonly steppedAround: number;
  /** Executions by what came of them. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The chance that the next execution shows something new. */
  readonly chance: number;
}

/** `fuzzer_stats` as AFL++ writes it, so that its tools read a campaign of ours. */
export const fuzzerStats = (stats: Statistics, pid: number): string => {
  const { started, elapsed, executions, rate } = stats;
  const rows: readonly (readonly [string, string | number])[] = [
    ['start_time', Math.floor(started / 1000)],
    ['last_update', Math.floor((started + elapsed) / 1000)],
    ['run_time', Math.floor(elapsed / 1000)],
    ['fuzzer_pid', pid],
    ['cycles_done', stats.round],
    ['execs_done', executions],
    ['execs_per_sec', rate.toFixed(2)],
    ['corpus_count', stats.kept + stats.generated],
    ['corpus_found', stats.generated],
    ['corpus_imported', stats.kept],
    ['stability', `${(stats.stability * 100).toFixed(2)}%`],
    ['edges_found', stats.features],
    ['saved_crashes', stats.crashes],
    ['saved_hangs', stats.hangs],
    ['afl_banner', stats.target.replaceAll(/[^\x20-\x7e]/gu, '?')],
    ['afl_version', 'vstate-check'],
    ['target_mode', 'vstate-check'],
    ['format', stats.format],
    ['seed', stats.seed],
    ['workers', stats.workers],
    ['signatures', stats.signatures],
    ['systematic_done', stats.systematic],
    ['systematic_total', stats.systematicTotal],
    ['findings', stats.findings],
    ['unavailable', stats.unavailable],
    ['stepped_around', stats.steppedAround],
    ['chance_of_new', stats.chance.toExponential(2)],
  ];
  return rows.map(([key, value]) => `${key.padEnd(20)}: ${value}\n`).join('');
};

export const plotHeader =
  '# relative_time, cycles_done, cur_item, corpus_count, pending_total, pending_favs, map_size, saved_crashes, saved_hangs, max_depth, execs_per_sec, total_execs, edges_found\n';

/** One line of `plot_data`, in the columns of AFL++. */
export const plotLine = (stats: Statistics): string =>
  `${[
    Math.floor(stats.elapsed / 1000),
    stats.round,
    0,
    stats.kept + stats.generated,
    Math.max(stats.systematicTotal - stats.systematic, 0),
    0,
    `${grammarCoverage(stats).toFixed(2)}%`,
    stats.crashes,
    stats.hangs,
    1,
    stats.rate.toFixed(2),
    stats.executions,
    stats.features,
  ].join(', ')}\n`;

/** Per cent of the systematic plans that were made. */
export const grammarCoverage = ({ systematic, systematicTotal }: Statistics): number =>
  systematicTotal === 0 ? 0 : (100 * systematic) / systematicTotal;
