import { closeSync, openSync, readSync } from 'node:fs';
import { JsonError, JsonMeter, type JsonLimits } from '../bytes/json.ts';
import { UndoneError } from './exit.ts';
import { reasonOf } from './options.ts';

/**
 * The JSON of a file or pipe. It is counted while it is read, and of one that has too much no more
 * is read: then this throws `JsonError`.
 */
export const jsonBytes = (path: string, limits: JsonLimits): Uint8Array => {
  const meter = new JsonMeter(limits);
  const blocks: Uint8Array[] = [];
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    for (;;) {
      const block = new Uint8Array(1 << 18);
      const got = readSync(file, block, 0, block.length, null);
      if (got === 0) return Buffer.concat(blocks);
      const read = block.subarray(0, got);
      meter.push(read);
      blocks.push(read);
    }
  } catch (error) {
    if (error instanceof JsonError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};
