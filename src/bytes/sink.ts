import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './source.ts';

/** Where bytes go, in order. */
export interface Sink {
  /** Returns when the bytes are out; throws what the system says. */
  readonly write: (bytes: Uint8Array) => void;
  /** All bytes are written: a file takes its name now. */
  readonly commit: () => void;
  /** Lets go of what was opened; a file that was not committed has never been there. */
  readonly close: () => void;
}

/**
 * Who may read a file that is written. A key, and a device state, which holds memory of a guest, are
 * their owner's until that person says otherwise. A report is made to be handed on, to an artifact
 * step or a web server that runs as somebody else, so it is as open as the umask makes new files.
 */
export type Readers = 'owner' | 'whom-umask-lets';

const modeFor: Readonly<Record<Readers, number>> = { owner: 0o600, 'whom-umask-lets': 0o666 };

/** Whether a path leads to a device, a pipe or a socket: what is written goes on, and nothing is kept. */
const leadsOn = (path: string): boolean => {
  const about = statSync(path, { throwIfNoEntry: false });
  return about !== undefined && !about.isFile() && !about.isDirectory();
};

/**
 * A file that is there whole or not at all: written under another name, then renamed. Into a device or
 * a pipe it is written as it comes: a file in the place of `/dev/null` would take it from the machine.
 */
export const fileSink = (path: string, force: boolean, readers: Readers = 'owner'): Sink => {
  if (leadsOn(path)) {
    const fd = openSync(path, 'w');
    return { ...outputSink(fd), close: () => closeSync(fd) };
  }
  const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`;
  const temporary = join(dirname(path), name);
  const fd = openSync(temporary, 'wx', modeFor[readers]);
  let open = true;
  const shut = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  return {
    write: (bytes) => {
      writeAll(fd, bytes);
    },
    commit: () => {
      shut();
      // A link fails where a name is taken, in one step with the making of it.
      if (force) renameSync(temporary, path);
      else linkSync(temporary, path);
    },
    close: () => {
      shut();
      rmSync(temporary, { force: true });
    },
  };
};

/** What is open already, standard output above all, written at the speed of its reader. */
export const outputSink = (fd = 1): Sink => ({
  write: (bytes) => {
    writeAll(fd, bytes);
  },
  commit: () => undefined,
  close: () => undefined,
});

/** Writes pieces to standard output as if they were one, with one call where the reader takes them. */
export const writePieces = (pieces: readonly Uint8Array[], fd = 1): void => {
  const [only] = pieces;
  if (only === undefined) return;
  let written = 0;
  if (pieces.length > 1 && pieces.length <= MOST_AT_ONCE) {
    try {
      written = writevSync(fd, pieces);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
    }
  }
  for (const piece of pieces) {
    if (written < piece.length) writeAll(fd, written > 0 ? piece.subarray(written) : piece);
    written = Math.max(written - piece.length, 0);
  }
};

/** linux include/uapi/linux/uio.h: UIO_MAXIOV is 1024. */
const MOST_AT_ONCE = 1024;

const idle = new Int32Array(new SharedArrayBuffer(4));
const SHORTEST_WAIT_MS = 0.05;
const LONGEST_WAIT_MS = 20;

/** Writes everything; a descriptor that somebody set to non-blocking is asked again until it takes it. */
const writeAll = (fd: number, bytes: Uint8Array): void => {
  let wait = SHORTEST_WAIT_MS;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
      wait = SHORTEST_WAIT_MS;
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(idle, 0, 0, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
};
