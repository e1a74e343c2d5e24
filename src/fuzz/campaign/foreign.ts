import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorCode } from '../../bytes/source.ts';
import { makeFolder, writeWhole } from './files.ts';

/** A state from a folder of somebody else's. */
export interface Entry {
  /** Name of the file, not of its folders. */
  readonly name: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface Gathered {
  /** In the order of their names; no two with the same bytes. */
  readonly entries: readonly Entry[];
  /** What was passed over, by reason. */
  readonly passed: ReadonlyMap<string, number>;
}

export interface GatherLimits {
  readonly files: number;
  /** Bytes of one file, and of all. */
  readonly size: number;
  readonly total: number;
  /** Names that are looked at, kept or not; a folder may hold millions. */
  readonly names: number;
}

const usual: GatherLimits = { files: 4096, size: 1 << 24, total: 1 << 29, names: 1 << 17 };

/** Folders of AFL++ and libFuzzer that hold no states, or states that are no seeds. */
const foreignFolders = new Set(['.state', 'crashes', 'hangs', '.synced', 'artifacts']);
/** Files that stand beside the states of an AFL++ output folder, or of a corpus of ours. */
const notes =
  /^(?:fuzzer_stats|plot_data|fuzzer_setup|cmdline|fuzz_bitmap|fastresume\.bin|is_main_node|target_hash|pruned_hits|.*\.(?:jsonl|json|ya?ml|md|txt))$/u;
const DEEPEST = 4;

/**
 * Reads the states of a folder: plain files, an AFL++ output or queue folder, a libFuzzer corpus. The
 * folder is hostile: links are not followed, other kinds of files not opened, sizes and counts
 * bounded before anything is read. Throws what the system says when the folder itself cannot be read.
 */
export const gather = (folder: string, limits: GatherLimits = usual): Gathered => {
  const passed = new Map<string, number>();
  const pass = (why: string): void => void passed.set(why, (passed.get(why) ?? 0) + 1);
  const paths: string[] = [];
  let names = 0;
  const walk = (path: string, depth: number): void => {
    const inner: string[] = [];
    const directory = opendirSync(path);
    try {
      for (let at = directory.readSync(); at !== null; at = directory.readSync()) {
        names += 1;
        if (names > limits.names) {
          pass('beyond the number of names that are looked at');
          break;
        }
        const full = join(path, at.name);
        if (at.isSymbolicLink()) pass('links');
        else if (at.isDirectory()) {
          if (foreignFolders.has(at.name)) pass('folders that hold no seeds');
          else if (depth >= DEEPEST) pass('folders too deep');
          else inner.push(full);
        } else if (!at.isFile()) pass('files of other kinds');
        else if (notes.test(at.name) || at.name.startsWith('.')) pass('files that are no states');
        else paths.push(full);
      }
    } finally {
      directory.closeSync();
    }
    for (const full of inner.sort()) if (names <= limits.names) walk(full, depth + 1);
  };
  walk(folder, 0);
  const entries: Entry[] = [];
  const known = new Set<string>();
  let total = 0;
  for (const path of paths.sort()) {
    if (entries.length >= limits.files) {
      pass('beyond the number of files that are taken');
      continue;
    }
    const bytes = readPlain(path, Math.min(limits.size, limits.total - total));
    if (typeof bytes === 'string') {
      pass(bytes);
      continue;
    }
    const digest = digestOf(bytes);
    if (known.has(digest)) continue;
    known.add(digest);
    total += bytes.length;
    entries.push({ name: path.slice(path.lastIndexOf('/') + 1), digest, bytes });
  }
  return { entries, passed };
};

export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The bytes of a file that is one, or why they are not taken. */
export const readPlain = (path: string, most: number): Uint8Array | string => {
  let fd;
  try {
    if (!lstatSync(path).isFile()) return 'files of other kinds';
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return 'files that cannot be read';
  }
  try {
    // Asked of the open file: what the name stands for may have changed since.
    const status = fstatSync(fd);
    if (!status.isFile()) return 'files of other kinds';
    if (status.size > most) return 'files that are too large';
    const bytes = new Uint8Array(status.size);
    let at = 0;
    while (at < bytes.length) {
      const count = readSync(fd, bytes, at, bytes.length - at, at);
      if (count === 0) break;
      at += count;
    }
    return bytes.subarray(0, at);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return 'files that cannot be read';
  } finally {
    closeSync(fd);
  }
};

/** As AFL++ names the files of its queue; `sha256` is ours. */
export const aflName = (id: number, digest: string, origin: string): string =>
  `id:${String(id).padStart(6, '0')},${origin},sha256:${digest.slice(0, 16)}`;

/** A name from outside, as a part of a file name of ours. */
export const plainName = (name: string): string => name.replaceAll(/[^\w.+-]/gu, '_').slice(0, 64);

/** Writes states as another fuzzer takes them; gives how many. */
export const exportTo = (
  folder: string,
  kind: 'afl' | 'libfuzzer',
  entries: Iterable<Entry>,
): number => {
  makeFolder(folder);
  let count = 0;
  for (const { digest, bytes, name } of entries) {
    const file =
      kind === 'afl'
        ? aflName(count, digest, `orig:${plainName(name)}`)
        : createHash('sha1').update(bytes).digest('hex');
    writeWhole(join(folder, file), bytes);
    count += 1;
  }
  return count;
};
