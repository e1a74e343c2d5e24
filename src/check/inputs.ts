import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isCloudHypervisor } from '../container/cloud-hypervisor.ts';

/** Which files of a directory are device states or may be; the others are only counted. */
export interface Inputs {
  readonly paths: readonly string[];
  /** Text files of a directory, such as notes and manifests. */
  readonly passedOver: number;
}

const SNIFFED = 512;

/**
 * The inputs that a list of names stands for: files as they are, directories with all that is below
 * them, in name order. Names that begin with a dot, and text files of a directory, are passed over.
 * Throws what the system says of a directory that cannot be read.
 */
export const inputsOf = (names: readonly string[]): Inputs => {
  const paths: string[] = [];
  let passedOver = 0;
  const visit = (directory: string): void => {
    const entries = readdirSync(directory, { withFileTypes: true });
    const state = snapshotState(directory);
    if (state !== undefined) {
      // Beside it lie the configuration and guest memory, which hold no device state.
      paths.push(state);
      passedOver += entries.length - 1;
      return;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (!entry.isFile()) continue;
      else if (isText(path)) passedOver += 1;
      else paths.push(path);
    }
  };
  for (const name of names) {
    if (isDirectory(name)) visit(name);
    else paths.push(name);
  }
  return { paths, passedOver };
};

/** A name that cannot be asked is left to be opened, which says why. */
const isDirectory = (name: string): boolean => {
  if (name === '-') return false;
  try {
    return statSync(name).isDirectory();
  } catch {
    return false;
  }
};

/** The file that holds the device states of a snapshot directory of Cloud Hypervisor. */
export const snapshotState = (directory: string): string | undefined => {
  const path = join(directory, 'state.json');
  return isCloudHypervisor(headOf(path) ?? new Uint8Array(0)) ? path : undefined;
};

/** Whether a file begins like text: printable, and at least one byte. A snapshot is text, too. */
const isText = (path: string): boolean => {
  const head = headOf(path);
  return (
    head !== undefined &&
    head.length > 0 &&
    head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) &&
    !isCloudHypervisor(head)
  );
};

/** The first bytes of a file; undefined when it cannot be read, and opening it as an input says why. */
const headOf = (path: string): Uint8Array | undefined => {
  let fd;
  try {
    fd = openSync(path, 'r');
    const head = Buffer.alloc(SNIFFED);
    return head.subarray(0, readSync(fd, head, 0, SNIFFED, 0));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};
