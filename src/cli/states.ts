import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { compressionHead, compressionOf } from '../bytes/unpack.ts';
import { piecesOf, type Source } from '../bytes/source.ts';
import { snapshotState } from '../check/inputs.ts';
import { diffText } from '../report/text-diff.ts';
import { printable, sizeText } from '../report/escape.ts';
import { decodeStates, TooLargeError, type PayloadSink } from '../states/decode.ts';
import { derived } from '../states/derive.ts';
import { diffStates } from '../states/diff.ts';
import { DocumentError, documentLimits, type StateDocument } from '../states/document.ts';
import { assemble, encodeDevice, encodeDocument, type PayloadFiles } from '../states/encode.ts';
import { detectContainer, detectionHead } from '../container/detect.ts';
import { deviceNamed, InsertError, insertState } from '../states/insert.ts';
import { fileNames } from '../states/names.ts';
import { seekable, type OpenOptions, type Seekable } from '../states/open.ts';
import { isDocument, readDocument } from '../states/read.ts';
import { redactStates } from '../states/redact.ts';
import { Rope } from '../states/rope.ts';
import { walkStates, type WalkOptions } from '../states/walk.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import {
  catalogueOption,
  chalkFor,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import { writeTo, writeWhole } from './output.ts';
import type {
  DecodeFlags,
  DiffFlags,
  EncodeFlags,
  ExtractFlags,
  RedactFlags,
  StateFlags,
} from './states-program.ts';
import { tool } from './version.ts';

const say = (line: string): void => {
  process.stderr.write(`vstate-check: ${printable(line)}\n`);
};

const walkOptions = async (flags: StateFlags): Promise<WalkOptions> => {
  const { formats } = await catalogueOption(flags.formatFile);
  return {
    container: containerOption(flags.container),
    format: formatOption(flags.format, formats),
    formats,
  };
};

/** Runs with an input that can be read at any place, and closes it. */
const withInput = async <T>(
  path: string,
  run: (input: Seekable) => T | Promise<T>,
  options: OpenOptions = {},
): Promise<T> => {
  const source: Source = opened(snapshotState(path) ?? path);
  let input: Seekable;
  try {
    input = await seekable(source, options);
  } catch (error) {
    source.close();
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
  try {
    if (input.damage !== undefined) say(`${path}: ${input.damage}`);
    return await run(input);
  } catch (error) {
    throw explained(error);
  } finally {
    input.close();
  }
};

/** What is wrong with the person's files is for the person; the rest is for us. */
const explained = (error: unknown): unknown => {
  if (error instanceof DocumentError) return new UsageError(error.message, 'see docs/states.md');
  if (error instanceof InsertError) return new UsageError(error.message, 'see docs/states.md');
  if (error instanceof TooLargeError) {
    return new UsageError(error.message, '--payload-dir keeps payloads in files beside it');
  }
  return error;
};

export const runDecode = async (path: string, flags: DecodeFlags): Promise<number> => {
  const options = await walkOptions(flags);
  await withInput(
    path,
    async (input) => {
      const packed = compressionOf(input.readAt(0, compressionHead));
      if (packed !== undefined) {
        say(`${path} is compressed and is taken as it is; ${packed} -dc shows what is in it`);
      }
      const folder = flags.payloadDir === undefined ? undefined : payloadFolder(flags.payloadDir);
      let document: StateDocument;
      try {
        document = decodeStates(input, { ...options, payloads: folder?.sink });
      } finally {
        folder?.close();
      }
      const text = Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
      await writeTo(flags.output, [text], flags.force);
    },
    { unwrap: false },
  );
  return exitCodes.sound;
};

/** Files of a payload directory, each written from its beginning to its end. */
const payloadFolder = (folder: string): { sink: PayloadSink; close: () => void } => {
  const open = new Map<string, { fd: number; size: number }>();
  const fileOf = (name: string): { fd: number; size: number } => {
    const known = open.get(name);
    if (known !== undefined) return known;
    try {
      mkdirSync(folder, { recursive: true });
      const made = { fd: openSync(join(folder, name), 'wx', 0o600), size: 0 };
      open.set(name, made);
      return made;
    } catch (error) {
      throw new UndoneError(`${join(folder, name)}: ${reasonOf(error)}`);
    }
  };
  return {
    sink: {
      add: (name, bytes) => {
        const file = fileOf(name);
        const offset = file.size;
        for (const block of bytes) {
          for (let at = 0; at < block.length;) at += writeSync(file.fd, block, at);
          file.size += block.length;
        }
        return offset;
      },
    },
    close: () => {
      for (const { fd } of open.values()) closeSync(fd);
    },
  };
};

export const runEncode = async (path: string, flags: EncodeFlags): Promise<number> => {
  const files = payloadReader(flags.payloadDir);
  const options = await walkOptions(flags);
  try {
    await withInput(path, async (input) => {
      const { into } = flags;
      if (into === undefined) {
        const rope = fromDocument(input, flags, files.read, options);
        await writeTo(flags.output, rope.blocks(), flags.force);
        return;
      }
      const state = isDocument(input.readAt(0, 64))
        ? stateOf(input, flags, files.read, options)
        : new Rope().addFrom(input.readAt, 0, input.size);
      await withInput(into, async (container) => {
        if (container.wrapper !== undefined) say(`${into} is written uncompressed`);
        const rope = insertState(container, flags.device, state, {
          ...options,
          format: undefined,
        });
        await writeTo(flags.output, rope.blocks(), flags.force);
      });
    });
  } finally {
    files.close();
  }
  return exitCodes.sound;
};

const payloadReader = (folder: string | undefined): { read: PayloadFiles; close: () => void } => {
  const open = new Map<string, Source>();
  return {
    read: (file) => {
      if (folder === undefined) {
        throw new UsageError(
          `the document names the file ${file}`,
          '--payload-dir says where it is',
        );
      }
      const source = open.get(file) ?? opened(join(folder, file));
      open.set(file, source);
      const { readAt, size } = source;
      if (readAt === undefined || size === undefined) {
        throw new UndoneError(`${source.path}: is not a regular file`);
      }
      return { read: readAt, size };
    },
    close: () => {
      for (const source of open.values()) source.close();
    },
  };
};

const documentIn = (input: Seekable): StateDocument => {
  const { text } = documentLimits;
  if (input.size > text) {
    throw new DocumentError(`the document has ${input.size} bytes, and at most ${text} are read`);
  }
  return readDocument(piecesOf(input.readAt, input.size));
};

/** The states of a document, with what follows from other fields put right when that is asked for. */
const statesOf = (
  document: StateDocument,
  { derive }: EncodeFlags,
  files: PayloadFiles,
  { formats = [] }: WalkOptions,
): readonly Rope[] =>
  document.devices.map((device) => {
    if (derive !== true) return encodeDevice(device, files);
    const format = formats.find(({ id }) => id === device.format);
    if (format === undefined) {
      throw new DocumentError(`there is no format ${JSON.stringify(device.format)} to derive by`);
    }
    return encodeDevice(derived(device, format.layout, files), files);
  });

const stateOf = (
  input: Seekable,
  flags: EncodeFlags,
  files: PayloadFiles,
  options: WalkOptions,
): Rope => {
  const document = documentIn(input);
  const states = statesOf(document, flags, files, options);
  const index =
    states.length === 1 ? 0 : document.devices.findIndex(({ name }) => name === flags.device);
  const state = states[index];
  if (state === undefined) {
    throw new DocumentError(`the document holds ${states.length} states, name one by --device`);
  }
  return state;
};

const fromDocument = (
  input: Seekable,
  flags: EncodeFlags,
  files: PayloadFiles,
  options: WalkOptions,
): Rope => {
  const document = documentIn(input);
  if (flags.derive !== true) return encodeDocument(document, files);
  const states = statesOf(document, flags, files, options);
  const changed = document.devices.flatMap(({ name, bytes }, index) =>
    states[index] !== undefined && states[index].length !== bytes ? [{ name, index }] : [],
  );
  if (document.pieces === undefined || changed.length === 0) {
    return assemble(document, states, files);
  }
  // The container as it was, with states as long as they were, and then with those that changed.
  const old = encodeDocument(
    document.devices.length === 0 ? document : original(document, files),
    files,
  );
  let rope = old;
  document.devices.forEach(({ name }, index) => {
    const state = states[index];
    if (state === undefined) return;
    const { read, length } = rope;
    const container: Seekable = {
      path: input.path,
      size: length,
      readAt: read,
      wrapper: undefined,
      damage: undefined,
      close: () => undefined,
    };
    rope = insertState(container, name, state, { ...options, format: undefined });
  });
  return rope;
};

/** The document with states of the original lengths, whatever is in them. */
const original = (document: StateDocument, files: PayloadFiles): StateDocument => ({
  ...document,
  devices: document.devices.map((device) => {
    const { length, read } = encodeDevice(device, files);
    if (length === device.bytes) return device;
    const raw = new Uint8Array(device.bytes);
    raw.set(read(0, Math.min(length, device.bytes)));
    return { ...device, fields: [{ name: '', hex: Buffer.from(raw).toString('hex') }] };
  }),
});

export const runDiff = async (a: string, b: string, flags: DiffFlags): Promise<number> => {
  if (a === '-' && b === '-') throw new UsageError('- stands for one input', 'name the other');
  const options = await walkOptions(flags);
  const paths = [a, b, ...(flags.noise ?? [])];
  const inputs: Seekable[] = [];
  const next = async (): Promise<number> => {
    const path = paths[inputs.length];
    if (path !== undefined) {
      return withInput(path, async (input) => {
        inputs.push(input);
        return next();
      });
    }
    const [left, right, ...saves] = inputs;
    if (left === undefined || right === undefined) return exitCodes.usage;
    const difference = diffStates(left, right, saves, options);
    if (flags.json === true) {
      const document = { version: 1, tool, a, b, ...difference };
      process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    } else {
      process.stdout.write(diffText({ a, b, ...difference }, chalkFor(flags.color)));
    }
    return difference.same ? exitCodes.sound : exitCodes.findings;
  };
  return next();
};

export const runExtract = async (path: string, flags: ExtractFlags): Promise<number> => {
  const options = await walkOptions(flags);
  return withInput(path, async (input) => {
    const { container, devices } = walkStates(input, {}, options);
    const blocksOf = (read: Seekable['readAt'], length: number): Iterable<Uint8Array> =>
      new Rope().addFrom(read, 0, length).blocks();
    if (flags.out === '-') {
      const { read, bytes } = deviceNamed(devices, flags.device, path);
      await writeTo('-', blocksOf(read, bytes), false);
      return exitCodes.sound;
    }
    if (devices.length === 0)
      throw new UndoneError(`${path}: no device state in this ${container}`);
    const wanted =
      flags.device === undefined ? devices : [deviceNamed(devices, flags.device, path)];
    try {
      mkdirSync(flags.out, { recursive: true });
    } catch (error) {
      throw new UndoneError(`${flags.out}: ${reasonOf(error)}`);
    }
    const names = fileNames(wanted);
    wanted.forEach(({ name, format, bytes, read, partial }, index) => {
      const file = join(flags.out, names[index] ?? '');
      writeWhole(file, blocksOf(read, bytes), flags.force);
      const of = name === '' ? 'state' : name;
      const note = partial ? ', the beginning: the rest is elsewhere' : '';
      process.stdout.write(
        `${printable(`${file}: ${of}, ${format}`)}, ${sizeText(bytes)}${note}\n`,
      );
    });
    return exitCodes.sound;
  });
};

export const runRedact = async (path: string, flags: RedactFlags): Promise<number> => {
  const options = await walkOptions(flags);
  return withInput(path, async (input) => {
    if (detectContainer(input.readAt(0, detectionHead)) === 'sealed') {
      throw new UsageError(
        `${path}: is sealed, and a seal does not survive a change of what it seals`,
        'vstate-check open takes the state out of its envelope',
      );
    }
    const { rope, replaced, kept, told } = redactStates(input, {
      ...options,
      addresses: flags.addresses ?? false,
    });
    await writeTo(flags.output, rope.blocks(), flags.force);
    for (const [what, bytes] of replaced) say(`replaced: ${what}, ${sizeText(bytes)}`);
    for (const what of kept) say(`kept: ${what}`);
    for (const { name, format } of told) {
      say(`without its payload ${name === '' ? 'the state' : name} needs --format ${format}`);
    }
    return exitCodes.sound;
  });
};
