import {
  appendFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseJson, type JsonLimits } from '../../bytes/json.ts';
import { errorCode } from '../../bytes/source.ts';
import { aflName, digestOf, plainName, readPlain, type Entry } from './foreign.ts';
import { isUnfinished, makeFolder, writeFolder, writeWhole } from './files.ts';
import { Journal } from './journal.ts';
import { fuzzerStats, plotHeader, plotLine, type Statistics } from './statistics.ts';

/** What a campaign was started with, and goes on with. */
export interface Settings {
  readonly version: 1;
  readonly target: string;
  readonly against?: string;
  readonly format: string;
  readonly formatFiles: readonly string[];
  readonly seed: number;
  readonly timeout: number;
  readonly memory: number;
  readonly output: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly allowDevice: boolean;
  readonly noise: readonly string[];
  /** Words for the states, in hex. */
  readonly dictionary: readonly string[];
}

/** The folder is not one of a campaign, or somebody else works in it. */
export class FolderError extends Error {}

/** Files of a campaign are no larger, whoever wrote them. */
const LARGEST = 1 << 28;

/** What a plan, a finding or the settings have at most; bytes of a state are one string of hex. */
const partLimits: JsonLimits = {
  text: 1 << 26,
  depth: 256,
  values: 1 << 20,
  members: 1 << 16,
  elements: 1 << 18,
  run: 1 << 26,
};

/** What the memory of a campaign has. */
const stateLimits: JsonLimits = {
  ...partLimits,
  text: LARGEST,
  values: 1 << 23,
  elements: 1 << 22,
};

/**
 * The folder of a campaign, which anyone can read and AFL++'s tools understand:
 *
 * - `campaign.json`: what it was started with
 * - `corpus/kept/`: the seeds; `corpus/generated/`: what was found from them
 * - `findings/ID/`: one folder each
 * - `journal.jsonl`: what happened, in order
 * - `state.json`: where it goes on
 * - `under-way.jsonl`: what is being executed, where that may take the machine down
 * - `fuzzer_stats`, `plot_data`
 */
export class Folder {
  readonly path: string;
  readonly settings: Settings;
  readonly journal: Journal;
  readonly #lock: string;
  readonly #made: boolean;

  private constructor(path: string, settings: Settings, made: boolean) {
    this.#made = made;
    this.path = path;
    this.settings = settings;
    this.#lock = join(path, '.lock');
    lock(this.#lock);
    sweep(path);
    this.journal = new Journal(join(path, 'journal.jsonl'));
  }

  static create(path: string, settings: Settings, seeds: readonly Entry[]): Folder {
    try {
      makeFolder(path);
      if (existsSync(join(path, 'campaign.json'))) {
        throw new FolderError(`${path} holds a campaign already`);
      }
      // A campaign that was killed before it began leaves some of these, and nothing that counts.
      const ours = ['.lock', 'corpus', 'findings', 'journal.jsonl', 'plot_data'];
      const there = readdirSync(path).filter((name) => !ours.includes(name) && !isUnfinished(name));
      if (there.length > 0) throw new FolderError(`${path} is not empty`);
      for (const inner of ['corpus/kept', 'corpus/generated', 'findings']) {
        makeFolder(join(path, inner));
      }
      for (const [index, entry] of seeds.entries()) placeSeed(path, index, entry);
      writeWhole(join(path, 'plot_data'), plotHeader);
      // Written last: a folder without it is not a campaign yet.
      writeWhole(join(path, 'campaign.json'), `${JSON.stringify(settings, null, 2)}\n`, true);
    } catch (error) {
      throw readable(path, error);
    }
    return new Folder(path, settings, true);
  }

  /** Throws `FolderError` when there is no campaign in the folder. */
  static open(path: string): Folder {
    return new Folder(path, readSettings(path), false);
  }

  /** The seeds, checked against the digests in their names. */
  kept(): readonly Entry[] {
    return this.#states('kept');
  }

  generated(): readonly Entry[] {
    return this.#states('generated');
  }

  /** Adds a seed; a campaign that goes on uses it. */
  addKept(number: number, entry: Entry): void {
    placeSeed(this.path, number, entry);
  }

  addGenerated(number: number, digest: string, origin: string, bytes: Uint8Array): string {
    const file = aflName(number, digest, origin);
    const path = join(this.path, 'corpus', 'generated', file);
    if (!existsSync(path)) writeWhole(path, bytes);
    return file;
  }

  removeGenerated(file: string): void {
    rmSync(join(this.path, 'corpus', 'generated', plainFile(file)), { force: true });
  }

  /** Names of the findings that are there. */
  findings(): readonly string[] {
    const folder = join(this.path, 'findings');
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !isUnfinished(entry.name))
      .map(({ name }) => name)
      .sort();
  }

  findingPath(id: string): string {
    return join(this.path, 'findings', plainFile(id));
  }

  /** Places a finding, whole and lasting; one that is there is left alone. */
  addFinding(id: string, files: Readonly<Record<string, Uint8Array | string>>): void {
    const path = this.findingPath(id);
    if (!existsSync(path)) writeFolder(path, files);
  }

  /** Writes files of a finding again, or new ones; each whole. */
  updateFinding(id: string, files: Readonly<Record<string, Uint8Array | string>>): void {
    const path = this.findingPath(id);
    for (const [name, data] of Object.entries(files)) writeWhole(join(path, name), data, true);
  }

  saveState(text: string): void {
    writeWhole(join(this.path, 'state.json'), text);
  }

  state(): unknown {
    return jsonOf(join(this.path, 'state.json'), stateLimits);
  }

  writeStatistics(stats: Statistics): void {
    writeWhole(join(this.path, 'fuzzer_stats'), fuzzerStats(stats, process.pid));
    appendFileSync(join(this.path, 'plot_data'), plotLine(stats));
  }

  write(name: string, data: string): void {
    writeWhole(join(this.path, plainFile(name)), data);
  }

  /** A campaign that was made here and never began leaves nothing in the way of the next one. */
  close(): void {
    this.journal.close();
    if (this.#made && statSync(join(this.path, 'journal.jsonl')).size === 0) this.#discard();
    rmSync(this.#lock, { force: true });
    if (!existsSync(join(this.path, 'campaign.json'))) removeEmpty(this.path);
  }

  #discard(): void {
    // First: a folder without it is not a campaign.
    rmSync(join(this.path, 'campaign.json'), { force: true });
    for (const { name } of this.kept()) rmSync(join(this.path, 'corpus', 'kept', name));
    for (const name of ['plot_data', 'journal.jsonl']) {
      rmSync(join(this.path, name), { force: true });
    }
    for (const inner of ['corpus/kept', 'corpus/generated', 'corpus', 'findings']) {
      removeEmpty(join(this.path, inner));
    }
  }

  #states(kind: 'kept' | 'generated'): readonly Entry[] {
    const folder = join(this.path, 'corpus', kind);
    return readdirSync(folder)
      .filter((name) => name.startsWith('id:'))
      .sort()
      .flatMap((name) => {
        const bytes = readPlain(join(folder, name), LARGEST);
        if (typeof bytes === 'string') return [];
        const digest = digestOf(bytes);
        return name.endsWith(`sha256:${digest.slice(0, 16)}`) ? [{ name, digest, bytes }] : [];
      });
  }
}

const removeEmpty = (path: string): void => {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EBUSY') throw error;
  }
};

const placeSeed = (path: string, number: number, { name, digest, bytes }: Entry): void => {
  const file = aflName(number, digest, `time:0,execs:0,orig:${plainName(name)}`);
  writeWhole(join(path, 'corpus', 'kept', file), bytes);
};

/** The JSON in a file; undefined where there is none that is whole, or it has more than is ours. */
export const jsonOf = (path: string, limits: JsonLimits = partLimits): unknown => {
  const bytes = readPlain(path, limits.text);
  if (typeof bytes === 'string') return undefined;
  try {
    return parseJson(bytes, limits);
  } catch {
    return undefined;
  }
};

const plainFile = (name: string): string => {
  if (/^[\w.,:+-]+$/u.test(name) && !name.startsWith('.')) return name;
  throw new FolderError(`${JSON.stringify(name)} is no name for a file of a campaign`);
};

/** Holds the folder against a second campaign; a lock of a process that is gone counts for nothing. */
const lock = (path: string): void => {
  const held = readPlain(path, 64);
  const pid = typeof held === 'string' ? NaN : Number(new TextDecoder().decode(held));
  if (Number.isInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new FolderError(`another campaign (process ${pid}) works in the folder`);
  }
  writeWhole(path, `${process.pid}`);
};

/** Removes what a killed campaign was writing; only whoever holds the lock may. */
const sweep = (path: string): void => {
  const findings = join(path, 'findings');
  const folders = [path, join(path, 'corpus', 'kept'), join(path, 'corpus', 'generated'), findings];
  for (const folder of folders) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const inner = join(folder, entry.name);
      if (isUnfinished(entry.name)) rmSync(inner, { recursive: true, force: true });
      else if (folder === findings && entry.isDirectory()) folders.push(inner);
    }
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
};

const readable = (path: string, error: unknown): unknown => {
  const code = errorCode(error);
  return code === undefined ? error : new FolderError(`${path}: ${code}`);
};

const readSettings = (path: string): Settings => {
  try {
    if (!statSync(path).isDirectory()) throw new FolderError(`${path} is not a folder`);
    lstatSync(join(path, 'campaign.json'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new FolderError(`${path} holds no campaign`);
    throw readable(path, error);
  }
  const value = jsonOf(join(path, 'campaign.json'));
  const settings = settingsOf(value);
  if (settings === undefined) throw new FolderError(`${path}/campaign.json is damaged`);
  return settings;
};

/** Settings from a file, which may hold anything. */
export const settingsOf = (value: unknown): Settings | undefined => {
  if (!isRecord(value) || value.version !== 1) return undefined;
  const { target, against, format, seed, timeout, memory, output } = value;
  if (typeof target !== 'string' || typeof format !== 'string') return undefined;
  if (!isCount(seed) || !isCount(timeout) || !isCount(memory) || !isCount(output)) return undefined;
  const environment = isRecord(value.environment) ? value.environment : {};
  return {
    version: 1,
    target,
    ...(typeof against === 'string' ? { against } : {}),
    format,
    formatFiles: texts(value.formatFiles),
    seed,
    timeout,
    memory,
    output,
    environment: Object.fromEntries(
      Object.entries(environment).flatMap(([key, text]) =>
        typeof text === 'string' ? [[key, text]] : [],
      ),
    ),
    allowDevice: value.allowDevice === true,
    noise: texts(value.noise),
    dictionary: texts(value.dictionary),
  };
};

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
