import { fileSink, writePieces } from '../bytes/sink.ts';
import { errorCode, type Source } from '../bytes/source.ts';
import type { CheckedInput } from '../check/check.ts';
import { reaches, severities, type Finding } from '../finding/finding.ts';
import { Gate } from '../guard/gate.ts';
import { relay, RelayError } from '../guard/relay.ts';
import type { Policy } from '../policy/policy.ts';
import type { Suppressor } from '../policy/suppress.ts';
import { printable } from '../report/escape.ts';
import { checkDocument } from '../report/json.ts';
import { jsonText } from '../report/json-text.ts';
import { inputText } from '../report/text.ts';
import { expectationOf } from './expectation.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import {
  catalogueOption,
  chalkFor,
  textWidth,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import { inFile } from './output.ts';
import { policyInput, policyOption, suppressorOf } from './policy.ts';
import { nowOption, signersOf, trustOfRun, withFile } from './trust-options.ts';
import type { GuardFlags } from './trust-program.ts';
import { tool } from './version.ts';

/** Lets standard input, or one connection, through as far as it is sound; gives the exit code. */
export const runGuard = async (flags: GuardFlags): Promise<number> => {
  const { listen, connect } = flags;
  if ((listen === undefined) !== (connect === undefined)) {
    throw new UsageError('--listen and --connect go together', 'name a UNIX socket with each');
  }
  const name = listen ?? '-';
  const policy = await policyOption(flags, ['-']);
  const now = nowOption(flags.now);
  const suppressor = policy && (await suppressorOf(policy, now));
  const make = await gateMaker(name, flags, policy, suppressor);
  const gate =
    listen !== undefined && connect !== undefined
      ? await relayed(listen, connect, make)
      : await piped(make);
  const own = policy && suppressor && policyInput(policy, suppressor);
  return reported(gate, name, flags, own);
};

interface Made {
  readonly gate: Gate;
  /** Counts the seal that has passed. */
  readonly remember: (() => void) | undefined;
}
type MakeGate = (write: (pieces: readonly Uint8Array[]) => void, source?: Source) => Made;

const gateMaker = async (
  name: string,
  flags: GuardFlags,
  policy: Policy | undefined,
  suppressor: Suppressor | undefined,
): Promise<MakeGate> => {
  const { formats, rules } = await catalogueOption(flags.formatFile, policy);
  const examine = {
    format: formatOption(flags.format, formats),
    formats,
    container: containerOption(flags.container),
  };
  const expect = { ...policy?.expect, ...(await expectationOf(flags, examine)) };
  const { trust, sequences } = trustOfRun(signersOf(flags, policy));
  const threshold = flags.failOn ?? policy?.failOn ?? 'high';
  const failOn = severities.find((severity) => severity === threshold);
  const weigh =
    suppressor && ((finding: Finding) => suppressor.apply(name, [finding])[0] ?? finding);
  const analyse = rules.some(
    ({ id, needs, severity }) =>
      needs === 'analysis' &&
      failOn !== undefined &&
      reaches(policy?.severities.get(id) ?? severity, failOn),
  );
  const { hold } = flags;
  return (write, source) => {
    const believed = source === undefined ? trust : withFile(trust, source);
    const judging = { rules, examine, expect, trust: believed, failOn, weigh };
    const gate = new Gate({ ...judging, hold, analyse, write });
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
  const source = opened('-');
  const made = make(writePieces, source);
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
    if (code === 'EADDRINUSE' || code === 'EEXIST')
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
  { gate, remember }: Made,
  name: string,
  flags: GuardFlags,
  own: CheckedInput | undefined,
): number => {
  const input = gate.result(name);
  const inputs = own === undefined ? [input] : [input, own];
  const { report } = flags;
  if (report !== undefined) {
    const document = `${jsonText(checkDocument({ tool, expect: {}, inputs }), 2)}\n`;
    inFile(report, () => {
      const sink = fileSink(report, true, 'whom-umask-lets');
      try {
        sink.write(new TextEncoder().encode(document));
        sink.commit();
      } finally {
        sink.close();
      }
    });
  }
  if (flags.quiet !== true) {
    for (const one of inputs) {
      const text = inputText(one, undefined, {
        chalk: chalkFor('never'),
        quiet: true,
        verbose: false,
        width: textWidth(process.stderr),
        listed: 'low',
      });
      process.stderr.write(text);
    }
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
