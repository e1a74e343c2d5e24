import type { ChalkInstance } from 'chalk';
import { grammarCoverage, type Statistics } from '../fuzz/campaign/statistics.ts';
import type { BugReport } from '../fuzz/finding-folder.ts';
import { printable } from '../report/escape.ts';
import { bugLine } from '../report/fuzz-finding.ts';

/** What a person sees while a campaign runs. */
export interface Screen {
  readonly statistics: (stats: Statistics) => void;
  readonly finding: (report: BugReport) => void;
  readonly close: () => void;
}

/** Milliseconds between two drawings, and between two lines where nothing can be drawn over. */
const DRAW_EVERY = 200;
const LINE_EVERY = 10_000;
const MOST_SHOWN = 8;

/** A screen on a terminal that is drawn over; lines elsewhere. */
export const screenOn = (output: NodeJS.WriteStream, chalk: ChalkInstance): Screen =>
  output.isTTY ? drawn(output, chalk) : lines(output, chalk);

/** Nothing is shown: the output is a document. */
export const noScreen: Screen = {
  statistics: () => undefined,
  finding: () => undefined,
  close: () => undefined,
};

const lines = (output: NodeJS.WriteStream, chalk: ChalkInstance): Screen => {
  let last = 0;
  return {
    statistics: (stats) => {
      if (stats.elapsed - last < LINE_EVERY) return;
      last = stats.elapsed;
      output.write(`${summary(stats)}\n`);
    },
    finding: (report) => void output.write(`${chalk.red(bugLine(report))}\n`),
    close: () => undefined,
  };
};

const drawn = (output: NodeJS.WriteStream, chalk: ChalkInstance): Screen => {
  let last = -Infinity;
  let height = 0;
  let stats: Statistics | undefined;
  const found: BugReport[] = [];
  let count = 0;
  const draw = (): void => {
    if (stats === undefined) return;
    const width = Math.max(40, output.columns);
    const rows = screenRows(stats, found, count, chalk).map((row) => cut(row, width - 1));
    const up = height === 0 ? '' : `\u001b[${height}A`;
    output.write(`${up}${rows.map((row) => `\r\u001b[K${row}\n`).join('')}\u001b[J`);
    height = rows.length;
  };
  return {
    statistics: (next) => {
      stats = next;
      if (next.elapsed - last < DRAW_EVERY) return;
      last = next.elapsed;
      draw();
    },
    finding: (report) => {
      count += 1;
      found.push(report);
      if (found.length > MOST_SHOWN) found.shift();
      draw();
    },
    close: draw,
  };
};

/** Escapes of colours take no room on the screen, so a long row is cut only where it has none. */
const cut = (row: string, width: number): string =>
  row.length > width && !row.includes('\u001b') ? row.slice(0, width) : row;

const screenRows = (
  stats: Statistics,
  found: readonly BugReport[],
  count: number,
  chalk: ChalkInstance,
): readonly string[] => {
  const label = (text: string): string => chalk.gray(text.padEnd(12));
  const { outcomes } = stats;
  const kinds = Object.entries(outcomes).map(([kind, times]) => `${number(times)} ${kind}`);
  return [
    `${chalk.bold('vstate-check fuzz')}  ${printable(stats.target)}  ${stats.format}  seed ${stats.seed}`,
    `${label('time')}${timeText(stats.elapsed)}   ${label('executions')}${number(stats.executions)}   ${number(Math.round(stats.rate))}/s`,
    `${label('grammar')}${grammarCoverage(stats).toFixed(1)}% of ${number(stats.systematicTotal)} systematic plans`,
    `${label('coverage')}${number(stats.features)} features, ${number(stats.signatures)} outcomes, ${number(stats.generated)} entries`,
    `${label('outcomes')}${kinds.join(', ')}`,
    `${label('stability')}${(100 * stats.stability).toFixed(0)}%   ${label('stepped by')}${number(stats.steppedAround)}   ${label('lost')}${number(stats.unavailable)}`,
    `${label('findings')}${stats.findings > 0 ? chalk.red(number(stats.findings)) : '0'}`,
    ...(count > found.length ? [chalk.gray(`  ${count - found.length} more above`)] : []),
    ...found.map((report) => `  ${bugLine(report)}`),
  ];
};

/** Where a campaign stands, in one line. */
export const summary = (stats: Statistics): string =>
  [
    timeText(stats.elapsed),
    `${number(stats.executions)} executions`,
    `${number(Math.round(stats.rate))}/s`,
    `${grammarCoverage(stats).toFixed(1)}% of the grammar`,
    stats.features > 0 ? `${number(stats.features)} features` : `${stats.signatures} outcomes`,
    `${stats.findings} finding${stats.findings === 1 ? '' : 's'}`,
  ].join(', ');

const number = (value: number): string => String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',');

const timeText = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
};
