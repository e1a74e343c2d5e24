import { exportTo, gather, type Entry } from '../fuzz/campaign/foreign.ts';
import { Folder, FolderError } from '../fuzz/campaign/folder.ts';
import { aflDictionary, dictionaryOf } from '../fuzz/dictionary.ts';
import { printable } from '../report/escape.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import type { CorpusExportFlags } from './fuzz-program.ts';
import { formatOption, reasonOf } from './options.ts';

/** Adds the states of other folders to the seeds of a campaign. */
export const runCorpusImport = (campaign: string, folders: readonly string[]): number => {
  const folder = opened(campaign);
  try {
    const known = new Set(folder.kept().map(({ digest }) => digest));
    let added = 0;
    for (const path of folders) {
      const { entries, passed } = gathered(path);
      for (const entry of entries) {
        if (known.has(entry.digest)) continue;
        known.add(entry.digest);
        folder.addKept(known.size - 1, entry);
        added += 1;
      }
      for (const [why, count] of passed) {
        process.stderr.write(`vstate-check: ${printable(path)}: passed over ${count} ${why}\n`);
      }
    }
    process.stdout.write(`${added} states added\n`);
    return exitCodes.sound;
  } finally {
    folder.close();
  }
};

/** Writes the states of a campaign as another fuzzer takes them. */
export const runCorpusExport = (campaign: string, flags: CorpusExportFlags): number => {
  const folder = opened(campaign);
  try {
    const entries: readonly Entry[] = [
      ...folder.kept(),
      ...(flags.generated === true ? folder.generated() : []),
    ];
    const kind = flags.for === 'libfuzzer' ? 'libfuzzer' : 'afl';
    const count = exportTo(flags.to, kind, entries);
    process.stdout.write(`${count} states written to ${printable(flags.to)}\n`);
    return exitCodes.sound;
  } catch (error) {
    if (error instanceof FolderError) throw error;
    throw new UndoneError(`${flags.to}: ${reasonOf(error)}`);
  } finally {
    folder.close();
  }
};

export const runCorpusDictionary = (id: string): void => {
  const format = formatOption(id);
  if (format !== undefined) process.stdout.write(aflDictionary(dictionaryOf(format.layout)));
};

const opened = (path: string): Folder => {
  try {
    return Folder.open(path);
  } catch (error) {
    if (!(error instanceof FolderError)) throw error;
    throw new UsageError(error.message, 'fuzz --out FOLDER makes one');
  }
};

const gathered = (path: string): ReturnType<typeof gather> => {
  try {
    return gather(path);
  } catch (error) {
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
};
