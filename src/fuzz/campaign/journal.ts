import { closeSync, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { writeAll } from './files.ts';

/** One line of a campaign's journal: what happened, in the order in which it happened. */
export type JournalLine =
  | {
      readonly kind: 'start';
      readonly version: 1;
      readonly target: string;
      readonly format: string;
      readonly seed: number;
      readonly seeds: readonly string[];
    }
  /** A campaign goes on behind this round. */
  | { readonly kind: 'resume'; readonly round: number }
  /** A round has ended; `digest` is over all executions and their results since the start. */
  | {
      readonly kind: 'round';
      readonly round: number;
      readonly executions: number;
      readonly digest: string;
    }
  | {
      readonly kind: 'entry';
      readonly round: number;
      readonly digest: string;
      readonly file: string;
    }
  | {
      readonly kind: 'finding';
      readonly round: number;
      readonly id: string;
      readonly oracle: string;
      readonly executions: number;
    }
  | { readonly kind: 'minimised'; readonly id: string; readonly edits: number }
  | { readonly kind: 'end'; readonly executions: number; readonly why: string };

/** Lines longer than this are not ours. */
const LONGEST_LINE = 1 << 20;

/** A journal that is open for writing; only ever longer. */
export class Journal {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'a+', 0o600);
    // What a killed writer left of its last line must not run into ours.
    const { size } = fstatSync(this.#fd);
    const last = new Uint8Array(1);
    if (size > 0 && readSync(this.#fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a) {
      writeAll(this.#fd, '\n');
    }
  }

  add(line: JournalLine): void {
    writeAll(this.#fd, `${JSON.stringify(line)}\n`);
    if (line.kind === 'finding' || line.kind === 'minimised') fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The whole lines of a journal; a damaged one is passed over. Throws when the file cannot be read. */
export function* journalLines(path: string): Generator<Readonly<Record<string, unknown>>> {
  const fd = openSync(path, 'r');
  try {
    const block = Buffer.alloc(1 << 16);
    const text = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      const count = readSync(fd, block, 0, block.length, null);
      rest += text.write(block.subarray(0, count));
      const lines = rest.split('\n');
      // The end of the file without a line's end is a line that was never finished.
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) rest = '';
      for (const line of lines) {
        const value = parsed(line);
        if (value !== undefined) yield value;
      }
      if (count === 0) return;
    }
  } finally {
    closeSync(fd);
  }
}

const parsed = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
};
