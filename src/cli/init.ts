import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { inferFormat, MOST_BYTES } from '../infer/infer.ts';
import type { Save } from '../infer/saves.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';

export interface InitFormatFlags {
  readonly out?: string;
  readonly id: string;
}

/** Writes a first draft of a format file from saves of an unknown device. */
export const initFormat = (paths: readonly string[], { out, id }: InitFormatFlags): void => {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u.test(id)) {
    throw new UsageError(`${JSON.stringify(id)} is no id`, 'lower case words joined by -');
  }
  const saves = paths.map(saveAt);
  if (saves.every(({ bytes }) => bytes.length === 0)) {
    throw new UsageError('the saves have no bytes', 'name saves of one device');
  }
  const text = inferFormat(saves, id);
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    // A draft that somebody has worked on is not overwritten.
    writeFileSync(out, text, { flag: 'wx' });
  } catch (error) {
    throw new UndoneError(`${out}: ${reasonOf(error)}`);
  }
};

const saveAt = (path: string): Save => {
  try {
    if (!statSync(path).isFile()) throw new UndoneError(`${path}: not a file`);
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(MOST_BYTES);
      const length = readSync(file, bytes, 0, MOST_BYTES, 0);
      return { name: basename(path), bytes: bytes.subarray(0, length) };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof UndoneError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
};
