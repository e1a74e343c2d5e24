import { closeSync, openSync, readSync } from 'node:fs';
import { JsonError, measuredJson, type JsonLimits } from '../bytes/json.ts';
import { UndoneError } from './exit.ts';
import { reasonOf } from './options.ts';

/**
 * The JSON of a file or pipe. It is counted while it is read, and of one that has too much no more
 * is read: then this throws `JsonError`.
 */
export const jsonBytes = (path: string, limits: JsonLimits): Uint8Array => {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return measuredJson(blocksOf(file), limits);
  } catch (error) {
    if (error instanceof JsonError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};

function* blocksOf(file: number): Generator<Uint8Array> {
  for (;;) {
    const block = new Uint8Array(1 << 18);
    const got = readSync(file, block, 0, block.length, null);
    if (got === 0) return;
    yield block.subarray(0, got);
  }
}
