import { randomInt } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SmallFileError, smallFile } from '../bytes/small-file.ts';
import { errorCode } from '../bytes/source.ts';
import { DeviceState } from '../check/device.ts';
import type { Format } from '../formats/format.ts';
import { calibrate } from '../fuzz/calibration.ts';
import { Campaign, type Campaigned } from '../fuzz/campaign.ts';
import { digestOf, gather, readPlain, type Entry } from '../fuzz/campaign/foreign.ts';
import { Folder, FolderError, type Settings } from '../fuzz/campaign/folder.ts';
import { draftSeeds } from '../fuzz/draft-seeds.ts';
import type { BugReport } from '../fuzz/finding-folder.ts';
import { fatalPlans, findingOfLeftover } from '../fuzz/machine-down.ts';
import { benchOf, labOf, openTargets } from '../fuzz/open-lab.ts';
import { localWorker, type Worker } from '../fuzz/pool.ts';
import { prune } from '../fuzz/prune.ts';
import { regressions, type Regression } from '../fuzz/regressions.ts';
import { serveWorker } from '../fuzz/serve-worker.ts';
import { libraryOf, skeletonOf } from '../fuzz/skeleton.ts';
import { seedsOfPlans, watched, watchOver } from '../fuzz/watch.ts';
import { processWorker, WorkerLost } from '../fuzz/worker-process.ts';
import { printable } from '../report/escape.ts';
import { bugJson, bugText } from '../report/fuzz-finding.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { demoFlags } from './fuzz-demo.ts';
import { dictionaryFrom } from './fuzz-dictionary.ts';
import type { FuzzFlags } from './fuzz-program.ts';
import { noScreen, screenOn, summary } from './fuzz-screen.ts';
import {
  campaignFormat,
  deviceAllowed,
  limitsOf,
  targetExplained,
  warnOnce,
} from './fuzz-target.ts';
import { jsonText } from '../report/json-text.ts';
import { catalogueOption, chalkFor, reasonOf } from './options.ts';
import { tool } from './version.ts';

/** A pull request waits no longer, and leaves when so little is to be expected. */
const PR_SECONDS = 300;
const PR_CHANCE = 1e-5;
const LARGEST_SEED = 1 << 24;
const INTERRUPTED = 130;

export const runFuzz = async (given: FuzzFlags): Promise<number> => {
  const flags = given.demo === true ? await demoFlags(given) : given;
  // First: an address that is taken must not leave a campaign behind that has not begun.
  const closeDashboard =
    flags.serve === undefined ? undefined : await dashboardOf(flags, flags.out ?? 'campaign');
  try {
    const folder = await folderExplained(async () => folderFor(flags));
    try {
      deviceAllowed(folder.settings, flags);
      if (flags.workers > 1 && folder.settings.target.startsWith('vfio:')) {
        throw new UsageError('a vfio: device has one owner at a time', 'leave --workers out');
      }
      return await targetExplained(diskExplained(attack(flags, folder), folder.path));
    } finally {
      folder.close();
    }
  } finally {
    closeDashboard?.();
  }
};

const dashboardOf = async (flags: FuzzFlags, path: string): Promise<(() => void) | undefined> => {
  const { startDashboard } = await import('./dashboard.ts');
  return startDashboard(flags, path);
};

const attack = async (flags: FuzzFlags, folder: Folder): Promise<number> => {
  const { settings } = folder;
  const format = await campaignFormat(settings.format, settings.formatFiles);
  const warn = warnOnce();
  const stop = new AbortController();
  const interrupt = (): void => {
    // The second Ctrl-C does not wait for the report.
    process.removeListener('SIGINT', interrupt);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const seeds = folder.kept().map(({ bytes }) => skeletonOf(format, bytes));
  // Before anything is run: what ended the campaign before would end this one.
  const describe = (report: BugReport): string =>
    bugText(report, join(folder.path, 'findings', report.id));
  const left = findingOfLeftover(folder, libraryOf(seeds), describe);
  const targets = await openTargets(settings, warn);
  const fatal = fatalPlans(folder);
  const watch = watchOver(targets.target, folder.path, fatal);
  try {
    const calibration = await calibrate(
      watched(targets.target, watch),
      seeds,
      format,
      stop.signal,
      seedsOfPlans(fatal),
    );
    if ('unavailable' in calibration) throw new UndoneError(calibration.unavailable);
    const { good, refused } = calibration;
    if (good.length === 0) {
      warn(
        `the target takes none of the ${seeds.length} seeds${refused[0] === undefined ? '' : ` (${refused[0].reason})`}`,
      );
    }
    const kept = watch === undefined ? {} : { watch };
    const parts = { settings, format, seeds, calibration, ...targets, ...kept };
    const lab = labOf(parts);
    if (flags.mode === 'prune') {
      const { kept, removed } = await prune(folder, lab, stop.signal);
      process.stdout.write(`kept ${kept} generated states, removed ${removed}\n`);
      return exitCodes.sound;
    }
    const known = flags.mode === 'pr' ? await regressions(folder, lab, stop.signal) : [];
    const screen = flags.json === true ? noScreen : screenOn(process.stdout, chalkFor(flags.color));
    const reports: BugReport[] = [];
    if (left !== undefined) {
      reports.push(left);
      screen.finding(left);
    }
    const started = performance.now();
    const campaign = new Campaign({
      folder,
      format,
      lab,
      calibration,
      workerCount: flags.workers,
      workers: async (memory) => {
        if (flags.workers === 1) return [localWorker(benchOf(lab, parts))];
        const program = [process.argv[1] ?? '', 'fuzz-worker'] as const;
        const setup = { settings, seeds: seeds.map(({ bytes }) => bytes), calibration };
        const opened: Promise<Worker>[] = Array.from({ length: flags.workers }, async () =>
          processWorker({ program, setup, memory, warn }),
        );
        return Promise.all(opened);
      },
      budget: budgetOf(flags),
      describe,
      onFinding: (report) => {
        reports.push(report);
        screen.finding(report);
      },
      onStatistics: screen.statistics,
      now: () => performance.now() - started,
      signal: stop.signal,
    });
    const ended = await campaign.run();
    screen.close();
    tell(flags, folder, ended, reports, known, campaign);
    if (ended.why === 'unavailable') throw new UndoneError(ended.reason ?? 'the target is gone');
    const shown = known.filter(({ shown: still }) => still).length;
    const findings = flags.mode === 'pr' ? shown + reports.length : ended.statistics.findings;
    if (ended.why === 'interrupted') return INTERRUPTED;
    return findings > 0 ? exitCodes.findings : exitCodes.sound;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
    watch?.close();
    await targets.target[Symbol.asyncDispose]();
    await targets.against?.[Symbol.asyncDispose]();
  }
};

const budgetOf = ({
  executions,
  time,
  mode,
  stopOnFirst,
}: FuzzFlags): {
  readonly executions: number;
  readonly milliseconds: number;
  readonly chance: number;
  readonly stopOnFirst: boolean;
} => ({
  executions: executions ?? Infinity,
  milliseconds: 1000 * (time ?? (mode === 'pr' ? PR_SECONDS : Infinity)),
  chance: mode === 'pr' ? PR_CHANCE : 0,
  stopOnFirst: stopOnFirst ?? false,
});

/** The end of a campaign, for a person or a program. */
const tell = (
  flags: FuzzFlags,
  folder: Folder,
  { statistics, why, reason, unseen }: Campaigned,
  reports: readonly BugReport[],
  known: readonly Regression[],
  campaign: Campaign,
): void => {
  if (flags.json === true) {
    const document = {
      version: 1,
      tool,
      folder: folder.path,
      why,
      ...(reason === undefined ? {} : { reason }),
      unseen,
      statistics,
      regressions: known,
      findings: reports.map(bugJson),
      costs: campaign.costs(),
    };
    process.stdout.write(`${jsonText(document, 2)}\n`);
    return;
  }
  const lines = [''];
  for (const { id, shown } of known)
    lines.push(`${shown ? 'still there' : 'not there any more'}: ${id}`);
  for (const report of reports.slice(0, 3)) {
    lines.push(bugText(report, join(folder.path, 'findings', report.id)));
  }
  if (reports.length > 3) lines.push(`and ${reports.length - 3} more, each with a report.txt`);
  if (unseen > 0) lines.push(`not looked into yet: ${unseen}; --resume does`);
  lines.push(summary(statistics), `ended: ${why}; everything is in ${printable(folder.path)}`);
  process.stdout.write(`${lines.join('\n')}\n`);
};

/** The campaign to go on with, or a new one. */
const folderFor = async (flags: FuzzFlags): Promise<Folder> => {
  const path = flags.out ?? 'campaign';
  const there = existsSync(join(path, 'campaign.json'));
  if (there && flags.resume !== true && flags.mode === 'batch') {
    throw new UsageError(`${path} holds a campaign already`, '--resume goes on with it');
  }
  if (there) return Folder.open(path);
  if (flags.resume === true || flags.mode === 'prune') {
    throw new UsageError(`${path} holds no campaign`, 'start one without --resume');
  }
  const { target } = flags;
  if (target === undefined) {
    throw new UsageError('fuzz needs a target', '--target scheme:rest, or --demo');
  }
  const given = (flags.seeds ?? []).flatMap(seedsIn);
  const format = await formatFor(flags, given);
  const seeds =
    given.length > 0
      ? given
      : draftSeeds(format).map(({ bytes, digest }) => ({ name: 'draft', digest, bytes }));
  const settings: Settings = {
    version: 1,
    target,
    ...(flags.against === undefined ? {} : { against: flags.against }),
    format: format.id,
    formatFiles: flags.formatFile ?? [],
    seed: flags.seed ?? randomInt(2 ** 32),
    ...limitsOf(flags),
    noise: flags.noise ?? [],
    dictionary: dictionaryOf(flags),
  };
  deviceAllowed(settings, flags);
  return Folder.create(path, settings, seeds);
};

/** Far more than the words that anybody writes down. */
const LARGEST_DICTIONARY = 1 << 24;

const dictionaryOf = ({ dictionary }: FuzzFlags): readonly string[] => {
  if (dictionary === undefined) return [];
  try {
    return dictionaryFrom(new TextDecoder().decode(smallFile(dictionary, LARGEST_DICTIONARY)));
  } catch (error) {
    if (error instanceof SmallFileError) {
      throw new UsageError(`${dictionary}: ${error.message}`, 'name a dictionary of AFL++');
    }
    throw new UndoneError(`${dictionary}: ${reasonOf(error)}`);
  }
};

const seedsIn = (path: string): readonly Entry[] => {
  try {
    if (statSync(path).isDirectory()) {
      const { entries, passed } = gather(path);
      for (const [why, count] of passed) {
        process.stderr.write(`vstate-check: ${printable(path)}: passed over ${count} ${why}\n`);
      }
      return entries;
    }
    const bytes = readPlain(path, LARGEST_SEED);
    if (typeof bytes === 'string') throw new UndoneError(`${path}: one of the ${bytes}`);
    return [{ name: path.split('/').at(-1) ?? path, digest: digestOf(bytes), bytes }];
  } catch (error) {
    if (error instanceof UndoneError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
};

/** The format that was named, or the one that the first seed shows. */
const formatFor = async (flags: FuzzFlags, seeds: readonly Entry[]): Promise<Format> => {
  const files = flags.formatFile ?? [];
  if (flags.format !== undefined) return campaignFormat(flags.format, files);
  const [seed] = seeds;
  if (seed === undefined) {
    throw new UsageError('fuzz needs seeds or a format', '--seeds DIR, or --format ID');
  }
  const { formats } = await catalogueOption(files);
  const nobody = { unit: () => undefined, state: () => undefined };
  const state = new DeviceState({ name: '', formats, size: seed.bytes.length }, nobody);
  state.push(seed.bytes, 0);
  return campaignFormat(state.end().format, files);
};

const folderExplained = async (work: () => Promise<Folder>): Promise<Folder> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FolderError) {
      throw new UsageError(error.message, '--out names another folder');
    }
    throw error;
  }
};

/** What a disk says that takes no more. */
const diskCodes: ReadonlySet<string | undefined> = new Set([
  ...['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EFBIG', 'EIO'],
]);

/** A folder that can no longer be written to, or a machine that lets no worker live, ends the campaign, and is not our mistake. */
const diskExplained = async (work: Promise<number>, path: string): Promise<number> => {
  try {
    return await work;
  } catch (error) {
    const lost = error instanceof WorkerLost;
    if (!lost && !diskCodes.has(errorCode(error))) throw error;
    throw new UndoneError(
      `${lost ? error.message : `${path}: ${reasonOf(error)}`}; ` +
        'what was found until then is there, and --resume goes on',
    );
  }
};

export const runFuzzWorker = async (): Promise<void> =>
  serveWorker(async ({ format, formatFiles }) => campaignFormat(format, formatFiles));
