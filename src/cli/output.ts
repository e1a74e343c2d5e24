import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../bytes/source.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';

/**
 * Writes a file whole or not at all: under another name first, and under its own when all is there. A
 * file that exists is left alone without `force`.
 */
export const writeWhole = (path: string, blocks: Iterable<Uint8Array>, force = false): number => {
  const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`;
  const temporary = join(dirname(path), name);
  let written = 0;
  try {
    // What it holds is device state: nobody else reads it before its owner says so.
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      for (const block of blocks) {
        for (let at = 0; at < block.length;) at += writeSync(fd, block, at);
        written += block.length;
      }
    } finally {
      closeSync(fd);
    }
    if (force) renameSync(temporary, path);
    else placeNew(temporary, path);
    return written;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    rmSync(temporary, { force: true });
  }
};

/** A link fails where a name is taken, in one step with the making of it. */
const placeNew = (temporary: string, path: string): void => {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new UsageError(`${path} exists already`, '--force writes over it');
  }
};

/** Writes to standard output at the speed of its reader. */
const writeOut = async (blocks: Iterable<Uint8Array>): Promise<void> => {
  for (const block of blocks) {
    if (process.stdout.destroyed) return;
    // Called when the block is out, and when it never will be: main hears of the reason.
    await new Promise<void>((resolve) => {
      process.stdout.write(block, () => resolve());
    });
  }
};

/** To a file, or to standard output for `-` and where no file is named. */
export const writeTo = async (
  path: string | undefined,
  blocks: Iterable<Uint8Array>,
  force: boolean | undefined,
): Promise<void> => {
  if (path === undefined || path === '-') await writeOut(blocks);
  else writeWhole(path, blocks, force ?? false);
};
