import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { errorCode } from '../bytes/source.ts';
import { KeyError } from './keys.ts';

/** The newest seal that was opened of one device of one machine. */
export interface Seen {
  readonly sequence: bigint;
  readonly seal: string;
}

/** More devices than any host has, and far below what a JSON text may cost. */
const mostEntries = 1 << 16;

interface Line {
  readonly vm: string;
  readonly device: string;
  readonly seen: Seen;
}

/**
 * Which sequence of each device of each machine was opened last: a JSON file of lines
 * `[vm, device, sequence, seal]`, written under another name and renamed, so that a crash leaves the
 * old one or the new one.
 */
export class SequenceFile {
  readonly #path: string;
  readonly #seen = new Map<string, Line>();

  /** A file that is not there yet is an empty one. Throws what the system says of one that cannot be read. */
  constructor(path: string) {
    this.#path = path;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    for (const [index, line] of text.split('\n').entries()) {
      if (line === '') continue;
      const entry = parsed(line);
      if (entry === undefined || this.#seen.size >= mostEntries) {
        throw new KeyError(
          `${path}:${index + 1}: not [vm, device, sequence, seal]`,
          'restore the file; without it older seals would be taken again',
        );
      }
      this.#seen.set(nameOf(entry.vm, entry.device), entry);
    }
  }

  readonly seen = (vm: string, device: string): Seen | undefined =>
    this.#seen.get(nameOf(vm, device))?.seen;

  /** Remembers a seal that was opened, on disk before it returns. */
  remember(vm: string, device: string, seen: Seen): void {
    const name = nameOf(vm, device);
    const before = this.#seen.get(name)?.seen;
    if (before !== undefined && before.sequence >= seen.sequence) return;
    this.#seen.set(name, { vm, device, seen });
    const lines = [...this.#seen.values()].map((line) =>
      JSON.stringify([line.vm, line.device, line.seen.sequence.toString(), line.seen.seal]),
    );
    const temporary = `${this.#path}.${process.pid}.tmp`;
    try {
      const fd = openSync(temporary, 'wx', 0o600);
      try {
        writeSync(fd, `${lines.join('\n')}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, this.#path);
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}

const nameOf = (vm: string, device: string): string => JSON.stringify([vm, device]);

const parsed = (text: string): Line | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const words: readonly unknown[] = Array.isArray(value) ? value : [];
  const [vm, device, sequence, seal] = words;
  if (words.length !== 4 || typeof vm !== 'string' || typeof device !== 'string') return undefined;
  if (typeof sequence !== 'string' || !/^\d{1,20}$/u.test(sequence)) return undefined;
  if (typeof seal !== 'string') return undefined;
  return { vm, device, seen: { sequence: BigInt(sequence), seal } };
};
