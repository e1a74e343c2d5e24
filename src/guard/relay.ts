import { randomBytes } from 'node:crypto';
import { linkSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Gate } from './gate.ts';

/** Signals that end a program that says nothing else. */
const endings = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Silence after the end of a stream, when a description may follow or not. */
const QUIET_MS = 250;

export interface RelayOptions {
  /** Where the source of the stream connects to. */
  readonly listen: string;
  /** Where its destination listens. */
  readonly connect: string;
  readonly gate: (write: (pieces: readonly Uint8Array[]) => void) => Gate;
  /** Told when the relay listens. */
  readonly ready: () => void;
}

/** The destination went away, or could not be reached. */
export class RelayError extends Error {}

/**
 * Relays one connection between two UNIX sockets through a gate. What the destination says goes back
 * as it is. Ends when the source has ended, or the gate is shut; then both sides see the connection
 * close in the middle of the stream.
 */
export const relay = async ({ listen, connect, gate, ready }: RelayOptions): Promise<Gate> => {
  const source = await accepted(listen, ready);
  const destination = createConnection(connect);
  try {
    await connected(destination);
    return await through(source, destination, gate);
  } finally {
    source.destroy();
    destination.destroy();
  }
};

/**
 * Listens for one connection, and no longer. The socket takes its name when it can be connected to: a
 * source that waits for the name would be refused between the system calls that make and open it.
 */
const accepted = async (path: string, ready: () => void): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const nameless = besides(path);
    let named = false;
    const unname = (): void => {
      for (const signal of endings) process.off(signal, end);
      rmSync(nameless, { force: true });
      if (named) rmSync(path, { force: true });
    };
    // Nobody would connect to what a guard that was ended leaves behind, and no other guard take its name.
    const end = (signal: NodeJS.Signals): void => {
      unname();
      process.kill(process.pid, signal);
    };
    for (const signal of endings) process.on(signal, end);
    // The socket must be half open: a source that has sent all still listens to the destination.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      server.close();
      unname();
      socket.pause();
      resolve(socket);
    });
    server.once('error', (error) => {
      unname();
      reject(error);
    });
    // The kernel makes the socket with the bits that the mask leaves: its owner alone connects.
    const mask = process.umask(0o177);
    server.listen(nameless, () => {
      try {
        linkSync(nameless, path);
        named = true;
        ready();
      } catch (error) {
        server.close();
        unname();
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        rmSync(nameless, { force: true });
      }
    });
    process.umask(mask);
  });

/** Another name in the same folder, and no longer than the path is: those of sockets are short. */
const besides = (path: string): string => {
  const length = Math.min(Math.max(basename(path).length - 1, 4), 12);
  return join(dirname(path), `.${randomBytes(6).toString('hex').slice(0, length)}`);
};

const connected = async (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve();
    });
    socket.once('error', reject);
  });

const through = async (
  source: Socket,
  destination: Socket,
  make: RelayOptions['gate'],
): Promise<Gate> =>
  new Promise((resolve, reject) => {
    let done = false;
    let full = false;
    let quiet: NodeJS.Timeout | undefined;
    const gate = make((pieces) => {
      // A copy: what is released may be memory of the gate, and the socket keeps it for a while.
      full = !destination.write(Buffer.concat(pieces)) || full;
    });
    const finish = (error?: Error): void => {
      if (done) return;
      done = true;
      clearTimeout(quiet);
      if (error === undefined) resolve(gate);
      else reject(error);
    };
    const settle = (): void => {
      clearTimeout(quiet);
      if (gate.state === 'stopped') finish();
      else if (gate.atEnd) quiet = setTimeout(() => void gate.end().then(settle, finish), QUIET_MS);
      if (!full || done) return;
      source.pause();
    };
    destination.on('drain', () => {
      full = false;
      source.resume();
    });
    source.on('data', (block: Uint8Array) => {
      const waiting = gate.push(block);
      if (waiting === undefined) settle();
      else waiting.then(settle, finish);
    });
    source.on('end', () => {
      gate.end().then(() => {
        if (gate.state === 'stopped') finish();
        // The rest goes out before the destination learns that nothing more comes.
        else destination.end(() => undefined);
      }, finish);
    });
    destination.on('data', (block: Uint8Array) => {
      if (!source.write(block)) {
        destination.pause();
        source.once('drain', () => destination.resume());
      }
    });
    destination.on('end', () => {
      if (gate.state === 'passed') source.end();
      else finish(new RelayError('the destination closed the connection'));
    });
    destination.on('close', () => {
      if (gate.state === 'open') finish(new RelayError('the destination closed the connection'));
      else finish();
    });
    source.on('close', () => {
      if (gate.state !== 'open') return;
      void gate.end().then(() => {
        finish();
      }, finish);
    });
    source.on('error', () => undefined);
    destination.on('error', (error) => {
      if (gate.state === 'open') finish(new RelayError(error.message));
    });
    source.resume();
  });
