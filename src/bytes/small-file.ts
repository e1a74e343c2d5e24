import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** What a path names is not taken; the message follows the path. */
export class SmallFileError extends Error {}

/**
 * The bytes of a file that has at most `most` of them. Throws `SmallFileError` for a larger one and for
 * what is no file, such as a pipe or a device without an end; else what the system says.
 */
export const smallFile = (path: string, most: number): Uint8Array => {
  // Before it is opened: opening a pipe waits for somebody to write into it.
  if (!statSync(path).isFile()) throw new SmallFileError('not a file');
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > most) throw new SmallFileError(`has ${size} bytes, and at most ${most} are read`);
    // Some files of the system have bytes and no size.
    const buffer = new Uint8Array(size > 0 ? size : most + 1);
    let length = 0;
    while (length < buffer.length) {
      const got = readSync(file, buffer, length, buffer.length - length, null);
      if (got === 0) break;
      length += got;
    }
    if (length > most) throw new SmallFileError(`has more than ${most} bytes`);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
};

/** The text of such a file. Throws `SmallFileError` also where it is no UTF-8. */
export const smallText = (path: string, most: number): string => {
  const bytes = smallFile(path, most);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SmallFileError('not text');
  }
};
