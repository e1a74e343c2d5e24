import type { Readable, Writable } from 'node:stream';
import type { Gunzip } from 'node:zlib';
import type { Source } from './source.ts';

/** The most bytes that a compressed input may unfold to; a cap against bombs, not a limit on states. */
const MOST = 2 ** 40;

/** In any case so many bytes may come out of a compression: in no more than some tens of milliseconds. */
const ALWAYS = 8 << 20;
/** And so many times its own size; device states fold two or three times, padding included. */
const RATIO = 100;
/** Guest memory that was never written folds without a limit: so much of it may come out besides … */
const MEMORY = 2 ** 33;
/** … or so many times the size of the input; gzip folds zeros 1029 times. */
const MEMORY_RATIO = 1000;

/** What is known of the plain bytes so far; more may come out of a compression than of unknown bytes. */
export interface Allowance {
  /** Bytes that the walker of the plain bytes found to be guest memory or device state. */
  readonly declared: () => number;
}

const mostOf = (packed: number, allowance: Allowance | undefined): number => {
  const declared = Math.min(allowance?.declared() ?? 0, Math.max(MEMORY, packed * MEMORY_RATIO));
  return Math.min(Math.max(packed * RATIO, ALWAYS) + declared, MOST);
};

/** Without a byte from the decompressor for so long, whoever reads is asked whether to go on. */
const PATIENCE_MS = 100;
/** Bytes of a decompressor's complaint that are kept. */
const MOST_COMPLAINT = 400;

export const compressionNames = ['gzip', 'zstd', 'xz', 'bzip2', 'lzop'] as const;
export type CompressionName = (typeof compressionNames)[number];

interface Compression {
  /** The first bytes of everything that is compressed so. */
  readonly magic: readonly number[];
  /** What unpacks standard input to standard output, with a bound on its memory where it has one. */
  readonly words: readonly string[];
  /** The package of Debian and its kin that brings the program. */
  readonly package: string;
}

const compressions: Readonly<Record<CompressionName, Compression>> = {
  gzip: { magic: [0x1f, 0x8b, 8], words: ['gzip', '-dc'], package: 'gzip' },
  zstd: { magic: [0x28, 0xb5, 0x2f, 0xfd], words: ['zstd', '-dcq'], package: 'zstd' },
  xz: {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    words: ['xz', '-dcq', '--memlimit-decompress=128MiB'],
    package: 'xz-utils',
  },
  bzip2: { magic: [0x42, 0x5a, 0x68], words: ['bzip2', '-dcq'], package: 'bzip2' },
  lzop: {
    magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a],
    words: ['lzop', '-dcq'],
    package: 'lzop',
  },
};

/** Bytes of an input that `compressionOf` looks at. */
export const compressionHead = 10;

/** The magic of a block, or of the end of an input without one; `BZh` and a level come before it. */
const bzip2Blocks = [
  [0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
  [0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

const begins = (head: Uint8Array, magic: readonly number[], at = 0): boolean =>
  magic.every((byte, index) => head[at + index] === byte);

/** How an input is compressed as a whole; undefined when it is not. */
export const compressionOf = (head: Uint8Array): CompressionName | undefined =>
  compressionNames.find(
    (name) =>
      begins(head, compressions[name].magic) &&
      (name !== 'bzip2' || bzip2Blocks.some((magic) => begins(head, magic, 4))),
  );

/** The input cannot be unpacked here: it is neither sound nor unsound. The message follows its path. */
export class UnpackError extends Error {}

const missing = (name: CompressionName): UnpackError => {
  const { words, package: from } = compressions[name];
  const [program = name] = words;
  return new UnpackError(
    `is ${name}-compressed, and ${program} is not installed: ` +
      `install it (Debian: ${from}), or unpack the input before the check`,
  );
};

/** The plain bytes of a compressed stretch, and why there are no more of them. */
export interface Unpacking {
  readonly blocks: () => AsyncGenerator<Uint8Array>;
  /** Set after the pass when the bytes ended because the compression was damaged. */
  readonly damage: string | undefined;
}

/**
 * Unfolds as it is asked for, and holds a few blocks at a time. Bytes that are damaged or cut give
 * what could be unfolded; more than is allowed throws. An empty block comes when nothing else does for a while, so that whoever
 * reads can stop a decompressor that is busy with nothing. `what` is unpacked: `input`, `payload`.
 */
export const unpacking = (
  inner: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  name: CompressionName,
  what: string,
  allowance: () => Allowance | undefined,
): Unpacking => {
  let damage: string | undefined;
  return {
    get damage() {
      return damage;
    },
    async *blocks() {
      const program = await start(name);
      const meter = { packed: 0 };
      const feeding = feed(inner, program, meter);
      // Awaited below; until then a failure of the input must not count as unhandled.
      feeding.catch(() => undefined);
      let plain = 0;
      try {
        for await (const block of patiently(program.output)) {
          plain += block.length;
          const packed = program.taken() ?? meter.packed;
          const most = mostOf(packed, allowance());
          if (plain > most) {
            throw new UnpackError(
              `unfolds to more than ${most} bytes from ${packed} bytes of ${name}: ` +
                'unpack it where there is room, and check the plain file',
            );
          }
          yield block;
        }
        const complaint = await program.ended;
        if (complaint !== undefined) damage = `the ${what} is no sound ${name}: ${complaint}`;
      } finally {
        program.stop();
        await feeding;
      }
    },
  };
};

/** The plain bytes of an input that is compressed as a whole. */
export const unpackedSource = (inner: Source, name: CompressionName): Source => {
  let allowance: Allowance | undefined;
  const unpacked = unpacking(inner.blocks(), name, 'input', () => allowance);
  return {
    path: inner.path,
    size: undefined,
    readAt: undefined,
    wrapper: name,
    get damage() {
      return unpacked.damage;
    },
    blocks: unpacked.blocks,
    allow: (more) => {
      allowance = more;
    },
    close: () => {
      inner.close();
    },
  };
};

/** What does the work: a stream of Node's zlib, or a program. */
interface Decompressor {
  readonly input: Writable;
  readonly output: Readable;
  /** How many compressed bytes it has looked at, where it says so; a program holds some unseen. */
  readonly taken: () => number | undefined;
  /** Why the output ended early; undefined when it did not. */
  readonly ended: Promise<string | undefined>;
  /** Ends it at once, whatever it is doing. */
  readonly stop: () => void;
}

const start = async (name: CompressionName): Promise<Decompressor> => {
  if (name === 'gzip')
    return ofZlib((await import('node:zlib')).createGunzip({ chunkSize: 1 << 18 }));
  const program = await ofProgram(name);
  if (program !== undefined) return program;
  if (name === 'zstd') {
    const zlib: object = await import('node:zlib');
    // Node 22.15 and newer.
    if ('createZstdDecompress' in zlib && typeof zlib.createZstdDecompress === 'function') {
      const make = zlib.createZstdDecompress as () => Gunzip;
      return ofZlib(make());
    }
  }
  throw missing(name);
};

const ofZlib = (stream: Gunzip): Decompressor => {
  let complaint: string | undefined;
  stream.on('error', (error) => {
    complaint = error.message;
  });
  return {
    input: stream,
    output: stream,
    taken: () => stream.bytesWritten,
    get ended() {
      return Promise.resolve(complaint);
    },
    stop: () => stream.destroy(),
  };
};

/** A program with arguments of ours and no environment but the search path; undefined if it is missing. */
const ofProgram = async (name: CompressionName): Promise<Decompressor | undefined> => {
  const { spawn } = await import('node:child_process');
  const [program = name, ...words] = compressions[name].words;
  const child = spawn(program, words, {
    // Options that the environment holds for it, as in XZ_OPT, are for files of its owner.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  if (!started) return undefined;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MOST_COMPLAINT);
  });
  // The program may end before it has read all; why, its exit code says.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('close', (code, signal) => {
      const [line = ''] = complaint.trim().split('\n');
      if (code === 0) resolve(undefined);
      else resolve(line === '' ? `${program} ended with ${signal ?? `exit code ${code}`}` : line);
    });
  });
  return {
    input: child.stdin,
    output: child.stdout,
    taken: () => undefined,
    ended,
    stop: () => {
      child.kill('SIGKILL');
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
};

/** Writes the compressed bytes as fast as they are taken. */
const feed = async (
  inner: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { input, output, stop }: Decompressor,
  meter: { packed: number },
): Promise<void> => {
  try {
    for await (const block of inner) {
      for (let at = 0; at < block.length;) {
        if (input.destroyed || output.destroyed) return;
        // Small at first: what was handed over and not looked at yet counts as unfolded from.
        const size = meter.packed < 1 << 20 ? 1 << 14 : 1 << 18;
        // A copy, because the next read overwrites the block, and the reader may be busy with it.
        const piece = Uint8Array.from(block.subarray(at, at + size));
        at += piece.length;
        meter.packed += piece.length;
        if (!input.write(piece)) await drained(input, output);
      }
    }
    input.end();
  } catch (error) {
    // The input itself could not be read; without this the reader would wait for its rest.
    stop();
    throw error;
  }
};

/** Resolves when more can be written, or nothing ever will be read. */
const drained = async (input: Writable, output: Readable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      input.off('drain', done).off('close', done);
      output.off('close', done);
      resolve();
    };
    input.on('drain', done).on('close', done);
    output.on('close', done);
  });

/** What a stream gives, up to its end or its failure, and an empty block when it takes long. */
async function* patiently(output: Readable): AsyncGenerator<Uint8Array> {
  const blocks: AsyncIterator<unknown> = output[Symbol.asyncIterator]();
  let coming = blocks.next();
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    let got;
    try {
      got = await Promise.race([coming, patience]);
    } catch {
      // The stream says why by `ended`.
      return;
    } finally {
      clearTimeout(timer);
    }
    if (got === 'late') {
      yield new Uint8Array(0);
      continue;
    }
    if (got.done === true) return;
    if (got.value instanceof Uint8Array) yield got.value;
    coming = blocks.next();
  }
}
