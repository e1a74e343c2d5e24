import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { benchOf, labOf } from '../../src/fuzz/open-lab.ts';
import { calibrate } from '../../src/fuzz/calibration.ts';
import { Campaign, type Campaigned } from '../../src/fuzz/campaign.ts';
import { digestOf, type Entry } from '../../src/fuzz/campaign/foreign.ts';
import { Folder, type Settings } from '../../src/fuzz/campaign/folder.ts';
import type { BugReport } from '../../src/fuzz/finding-folder.ts';
import { localWorker } from '../../src/fuzz/pool.ts';
import { skeletonOf } from '../../src/fuzz/skeleton.ts';
import type { Format } from '../../src/formats/format.ts';
import { mtty } from '../../src/formats/mtty.ts';
import type { Oracle } from '../../src/fuzz/oracles/oracle.ts';
import type { Target } from '../../src/targets/target.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'mtty');

/** States that a real one-port mtty wrote. */
const captures: readonly Entry[] = readdirSync(corpus)
  .filter((name) => /^mtty1-(?!precopy).*\.bin$/u.test(name))
  .map((name) => {
    const bytes = Uint8Array.from(readFileSync(join(corpus, name)));
    return { name, digest: digestOf(bytes), bytes };
  });

const settings = (given: Partial<Settings> = {}): Settings => ({
  version: 1,
  target: 'module:test',
  format: 'mtty',
  formatFiles: [],
  seed: 7,
  timeout: 1000,
  memory: 1 << 30,
  output: 1 << 20,
  environment: {},
  allowDevice: false,
  noise: [],
  dictionary: [],
  ...given,
});

export const temporary = (): { readonly path: string; [Symbol.dispose](): void } => {
  const path = mkdtempSync(join(tmpdir(), 'vstate-fuzz-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

export interface Ran extends Campaigned {
  readonly reports: readonly BugReport[];
  readonly oracles: readonly string[];
}

export interface RunOptions {
  readonly path: string;
  readonly target: Target;
  readonly against?: Target;
  readonly executions: number;
  readonly format?: Format;
  readonly seeds?: readonly Entry[];
  readonly settings?: Partial<Settings>;
  readonly stopOnFirst?: boolean;
  readonly chance?: number;
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly oracles?: readonly Oracle[];
}

/** A campaign in this process, in a new folder or on in the one that is there. */
export const runCampaign = async ({
  path,
  target,
  against,
  executions,
  format = mtty,
  seeds = captures,
  ...more
}: RunOptions): Promise<Ran> => {
  const known = readdirSync(path).includes('campaign.json');
  const given = settings({ format: format.id, ...more.settings });
  const folder = known ? Folder.open(path) : Folder.create(path, given, seeds);
  try {
    const skeletons = folder.kept().map(({ bytes }) => skeletonOf(format, bytes));
    const signal = more.signal ?? new AbortController().signal;
    const calibration = await calibrate(target, skeletons, format, signal);
    if ('unavailable' in calibration) throw new Error(calibration.unavailable);
    const asked = more.oracles === undefined ? {} : { oracles: more.oracles };
    const pair = against === undefined ? { target, ...asked } : { target, against, ...asked };
    const parts = { settings: folder.settings, format, seeds: skeletons, calibration, ...pair };
    const lab = labOf(parts);
    const reports: BugReport[] = [];
    const campaign = new Campaign({
      folder,
      format,
      lab,
      calibration,
      // Each with a laboratory of its own, as if it were another process.
      workers: async () =>
        Array.from({ length: more.workers ?? 1 }, () => localWorker(benchOf(labOf(parts), parts))),
      workerCount: more.workers ?? 1,
      budget: {
        executions,
        milliseconds: Infinity,
        chance: more.chance ?? 0,
        stopOnFirst: more.stopOnFirst ?? false,
      },
      describe: ({ finding }) => `${finding.message}\n`,
      onFinding: (report) => void reports.push(report),
      onStatistics: () => undefined,
      now: more.now ?? ((): number => performance.now()),
      signal,
    });
    const ended = await campaign.run();
    return { ...ended, reports, oracles: [...new Set(reports.map(({ oracle }) => oracle))] };
  } finally {
    folder.close();
  }
};
