import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** Writes a file under another name and renames it, so that it is never there by half. */
export const writeWhole = (path: string, data: Uint8Array | string, lasting = false): void => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeAll(fd, data);
      if (lasting) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (lasting) syncFolder(dirname(path));
};

/**
 * Makes a folder and those above it. `recursive` of Node never comes back where a file system lets
 * nobody make folders and says that there is no such place, as /proc does.
 */
export const makeFolder = (path: string): void => {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
};

/** Makes a folder with everything in it appear at once, and stay when the power goes. */
export const writeFolder = (
  path: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): void => {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  try {
    for (const [name, data] of Object.entries(files)) {
      const inner = join(temporary, name);
      mkdirSync(dirname(inner), { recursive: true, mode: 0o700 });
      const fd = openSync(inner, 'wx', name.endsWith('.sh') ? 0o700 : 0o600);
      try {
        writeAll(fd, data);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
    syncFolder(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncFolder(dirname(path));
};

/** Whether a name is one that the two above write under before they rename. */
export const isUnfinished = (name: string): boolean => /\.[0-9a-f]{8}\.tmp$/u.test(name);

export const writeAll = (fd: number, data: Uint8Array | string): void => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
};

/** What a rename changed is on the disk only when the folder is. */
export const syncFolder = (path: string): void => {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
