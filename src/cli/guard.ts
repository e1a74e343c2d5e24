import { fileSink, writePieces } from '../bytes/sink.ts';
import { errorCode } from '../bytes/source.ts';
import { reaches, severities } from '../finding/finding.ts';
import { Gate } from '../guard/gate.ts';
import { relay, RelayError } from '../guard/relay.ts';
import { printable } from '../report/escape.ts';
import { checkDocument } from '../report/json.ts';
import { jsonText } from '../report/json-text.ts';
import { inputText } from '../report/text.ts';
import { expectationOf } from './expectation.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import {
  catalogueOption,
  chalkFor,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import { inFile } from './output.ts';
import { trustOfRun } from './trust-options.ts';
import type { GuardFlags } from './trust-program.ts';
import { tool } from './version.ts';

/** Lets standard input, or one connection, through as far as it is sound; gives the exit code. */
export const runGuard = async (flags: GuardFlags): Promise<number> => {
  const { listen, connect } = flags;
  if ((listen === undefined) !== (connect === undefined)) {
    throw new UsageError('--listen and --connect go together', 'name a UNIX socket with each');
  }
  const make = await gateMaker(flags);
  const name = listen ?? '-';
  const gate =
    listen !== undefined && connect !== undefined
      ? await relayed(listen, connect, make)
      : await piped(make);
  return reported(gate.gate, name, flags, gate.remember);
};

interface Made {
  readonly gate: Gate;
  /** Counts the seal that has passed. */
  readonly remember: (() => void) | undefined;
}
type MakeGate = (write: (pieces: readonly Uint8Array[]) => void) => Made;

const gateMaker = async (flags: GuardFlags): Promise<MakeGate> => {
  const { formats, rules } = await catalogueOption(flags.formatFile);
  const examine = {
    format: formatOption(flags.format, formats),
    formats,
    container: containerOption(flags.container),
  };
  const expect = await expectationOf(flags, examine);
  const { trust, sequences } = trustOfRun(flags);
  const failOn = severities.find((severity) => severity === flags.failOn);
  const analyse = rules.some(
    ({ needs, severity }) =>
      needs === 'analysis' && failOn !== undefined && reaches(severity, failOn),
  );
  const { hold } = flags;
  return (write) => {
    const gate = new Gate({ rules, examine, expect, trust, failOn, hold, analyse, write });
    if (sequences === undefined) return { gate, remember: undefined };
    const remember = (): void => {
      const { header } = gate;
      if (header === undefined) return;
      const { vm = '', device = '' } = header.identity;
      const { sequence, seal } = header;
      inFile(flags.sequenceFile ?? '', () => {
        sequences.remember(vm, device, { sequence, seal });
      });
    };
    return { gate, remember };
  };
};

/** From standard input to standard output, at the speed of the slower one. */
const piped = async (make: MakeGate): Promise<Made> => {
  const made = make(writePieces);
  const source = opened('-');
  try {
    await fed(made.gate, source.blocks());
    return made;
  } catch (error) {
    if (errorCode(error) === 'EPIPE') {
      throw new UndoneError('the reader of standard output went away before the end of the stream');
    }
    throw new UndoneError(`standard input or output: ${reasonOf(error)}`);
  }
};

/** Gives a gate all blocks, and their end, unless it stops before. */
const fed = async (
  gate: Gate,
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> => {
  if (Symbol.asyncIterator in blocks) {
    for await (const block of blocks) {
      await gate.push(block);
      if (gate.state === 'stopped') return;
    }
  } else {
    for (const block of blocks) {
      const waiting = gate.push(block);
      // Waiting for a promise a block costs about as much as judging the block.
      if (waiting !== undefined) await waiting;
      if (gate.state === 'stopped') return;
    }
  }
  await gate.end();
};

const relayed = async (listen: string, connect: string, make: MakeGate): Promise<Made> => {
  let made: Made | undefined;
  try {
    await relay({
      listen,
      connect,
      gate: (write) => {
        made = make(write);
        return made.gate;
      },
      ready: () => {
        process.stderr.write(`vstate-check: listening on ${printable(listen)}\n`);
      },
    });
  } catch (error) {
    if (error instanceof RelayError) throw new UndoneError(`${connect}: ${error.message}`);
    const code = errorCode(error);
    if (code === 'EADDRINUSE')
      throw new UsageError(`${listen} is taken`, 'name a socket that is not there');
    throw new UndoneError(
      `${code === 'ECONNREFUSED' || code === 'ENOENT' ? connect : listen}: ${reasonOf(error)}`,
    );
  }
  if (made === undefined) throw new UndoneError(`${listen}: nobody connected`);
  return made;
};

/** Says on standard error, or in a file, what was found; the streams themselves carry nothing of it. */
const reported = (
  gate: Gate,
  name: string,
  flags: GuardFlags,
  remember: (() => void) | undefined,
): number => {
  const input = gate.result(name);
  const { report } = flags;
  if (report !== undefined) {
    const document = `${jsonText(checkDocument({ tool, expect: {}, inputs: [input] }), 2)}\n`;
    inFile(report, () => {
      const sink = fileSink(report, true);
      try {
        sink.write(new TextEncoder().encode(document));
        sink.commit();
      } finally {
        sink.close();
      }
    });
  }
  if (flags.quiet !== true) {
    const text = inputText(input, undefined, {
      chalk: chalkFor('never'),
      quiet: true,
      verbose: false,
      listed: 'low',
    });
    process.stderr.write(text);
  }
  if (gate.state === 'passed') {
    remember?.();
    return exitCodes.sound;
  }
  if (gate.shut !== undefined) {
    const { reason, hint } = gate.shut;
    process.stderr.write(`vstate-check: ${printable(`${reason} (${hint})`)}\n`);
  }
  process.stderr.write(`vstate-check: stopped after ${gate.released} bytes\n`);
  return exitCodes.findings;
};
