import { fileSink, type Readers } from '../bytes/sink.ts';
import { errorCode } from '../bytes/source.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';

/**
 * Writes a file whole or not at all. A file that exists is left alone without `force`.
 */
export const writeWhole = (
  path: string,
  blocks: Iterable<Uint8Array>,
  force = false,
  readers?: Readers,
): number =>
  inFile(path, () => {
    const sink = fileSink(path, force, readers);
    let written = 0;
    try {
      for (const block of blocks) {
        sink.write(block);
        written += block.length;
      }
      sink.commit();
      return written;
    } finally {
      sink.close();
    }
  });

/** Runs what writes a file, and says what the system says against it. */
export const inFile = <Result>(path: string, run: () => Result): Result => {
  try {
    return run();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code === 'EEXIST') throw new UsageError(`${path} exists already`, '--force writes over it');
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
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
  readers?: Readers,
): Promise<void> => {
  if (path === undefined || path === '-') await writeOut(blocks);
  else writeWhole(path, blocks, force ?? false, readers);
};
