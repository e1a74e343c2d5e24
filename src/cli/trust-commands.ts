import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileSink, outputSink, type Sink } from '../bytes/sink.ts';
import { check, type CheckedInput } from '../check/check.ts';
import { largestFrame, mostSigners, smallestFrame } from '../container/sealed/format.ts';
import type { SealedHeader } from '../container/events.ts';
import { Sealer } from '../container/sealed/write.ts';
import { reaches, severities, type Severity } from '../finding/finding.ts';
import { openSealed, sealedLook } from '../guard/open.ts';
import { printable } from '../report/escape.ts';
import { checkDocument, type UnreadInput } from '../report/json.ts';
import { jsonText } from '../report/json-text.ts';
import { inputText } from '../report/text.ts';
import { fileRules } from '../rules/file-rules.ts';
import { sealedRules } from '../rules/sealed-rules.ts';
import type { Trust, TrustedKey } from '../rules/trust.ts';
import { newKeyPair, readSigner } from '../trust/keys.ts';
import { sealedBlocks } from '../trust/seal.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { chalkFor, opened, reasonOf, textWidth } from './options.ts';
import { inFile, writeWhole } from './output.ts';
import {
  explained,
  expiryOption,
  identityOption,
  nowOption,
  trustOfRun,
  withFile,
} from './trust-options.ts';
import type { KeygenFlags, OpenFlags, SealFlags, VerifyFlags } from './trust-program.ts';
import { tool } from './version.ts';

/** Makes NAME.key, which only its owner can read, and NAME.pub for the keyrings of others. */
export const runKeygen = (name: string, flags: KeygenFlags): number => {
  if (!/^[\w.-]{1,100}$/u.test(name) || name.startsWith('.')) {
    throw new UsageError(`${name} is no name for a key`, 'letters, digits, dots, - and _ make one');
  }
  const { privatePem, publicPem } = newKeyPair();
  const lines = [`name: ${name}\n`];
  if (flags.devices !== undefined) lines.push(`devices: ${oneLine(flags.devices)}\n`);
  if (flags.expires !== undefined) {
    const expires = expiryOption(flags.expires, nowOption(undefined));
    if (expires > 0)
      lines.push(`expires: ${new Date(expires * 1000).toISOString().replace(/\.\d+/u, '')}\n`);
  }
  inFile(flags.out, () => mkdirSync(flags.out, { recursive: true }));
  const encoder = new TextEncoder();
  const files = [
    [join(flags.out, `${name}.key`), privatePem, 'owner'],
    [join(flags.out, `${name}.pub`), lines.join('') + publicPem, 'whom-umask-lets'],
  ] as const;
  for (const [path, text, readers] of files) {
    writeWhole(path, [encoder.encode(text)], flags.force, readers);
    process.stderr.write(`vstate-check: wrote ${printable(path)}\n`);
  }
  return exitCodes.sound;
};

const oneLine = (text: string): string => {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new UsageError('--devices has control characters', 'write names with commas between them');
};

/** Seals one input to a file or to standard output. */
export const runSeal = async (input: string, flags: SealFlags): Promise<number> => {
  if (flags.key.length === 0 || flags.key.length > mostSigners) {
    throw new UsageError(`${flags.key.length} keys`, `a seal has 1 to ${mostSigners} signers`);
  }
  if (flags.frameSize < smallestFrame || flags.frameSize > largestFrame) {
    throw new UsageError(
      `--frame-size ${flags.frameSize}`,
      `a frame has ${smallestFrame} to ${largestFrame} bytes`,
    );
  }
  const signers = flags.key.map((path) => explained(path, () => readSigner(path)));
  const threshold = flags.threshold ?? signers.length;
  if (threshold > signers.length) {
    throw new UsageError(`--threshold ${threshold}`, `there are ${signers.length} keys`);
  }
  const created = nowOption(flags.now);
  const sealer = new Sealer(
    {
      frameSize: flags.frameSize,
      threshold,
      // Rises from save to save as long as the clock does.
      sequence: flags.sequence ?? BigInt(flags.now === undefined ? Date.now() : created * 1000),
      created,
      expires: expiryOption(flags.expires, created),
      seal: randomBytes(16),
      identity: identityOption(flags.for),
    },
    signers,
  );
  const source = opened(input);
  try {
    return await written(flags, async (sink) => {
      for await (const block of sealedBlocks(source.blocks(), sealer, flags.frameSize)) {
        sink.write(block);
      }
      sink.commit();
      return exitCodes.sound;
    });
  } finally {
    source.close();
  }
};

/** Gives the state in a seal. A file appears only when all of it was verified. */
export const runOpen = async (input: string, flags: OpenFlags): Promise<number> => {
  if (flags.keyring === undefined) {
    throw new UsageError('open needs a keyring', 'name it with --keyring');
  }
  const { trust, sequences } = trustOfRun(flags);
  const source = opened(input);
  try {
    return await written(flags, async (sink) => {
      const { checked, header, whole } = await openSealed(source, sink, {
        trust: withFile(trust, source),
        failOn: thresholdOf(flags.failOn),
      });
      const text = inputText(checked, undefined, {
        chalk: chalkFor('never'),
        quiet: true,
        verbose: false,
        width: textWidth(process.stderr),
        listed: 'low',
      });
      process.stderr.write(text);
      if (!whole) return exitCodes.findings;
      // First the count, then the name: a crash between the two asks for the state again.
      if (sequences !== undefined && header !== undefined) {
        const { vm = '', device = '' } = header.identity;
        const { sequence, seal } = header;
        inFile(flags.sequenceFile ?? '', () => {
          sequences.remember(vm, device, { sequence, seal });
        });
      }
      sink.commit();
      return exitCodes.sound;
    });
  } finally {
    source.close();
  }
};

/** Runs what writes to a file of `-o`, or to standard output. */
const written = async (
  { output, force = false }: { readonly output?: string; readonly force?: boolean },
  run: (sink: Sink) => Promise<number>,
): Promise<number> => {
  const file = output === undefined || output === '-' ? undefined : output;
  const sink = file === undefined ? outputSink() : inFile(file, () => fileSink(file, force));
  try {
    return await run(sink);
  } catch (error) {
    return inFile(file ?? 'standard output', () => {
      throw error;
    });
  } finally {
    sink.close();
  }
};

const thresholdOf = (text: string): Severity | undefined =>
  severities.find((severity) => severity === text);

/** Says of each input whether its seal holds, and who has sealed it for what. */
export const runVerify = async (paths: readonly string[], flags: VerifyFlags): Promise<number> => {
  if (flags.keyring === undefined) {
    throw new UsageError('verify needs a keyring', 'name it with --keyring');
  }
  const { trust } = trustOfRun(flags);
  const failOn = thresholdOf(flags.failOn);
  const inputs: (CheckedInput | UnreadInput)[] = [];
  for (const path of paths) {
    const { input, header } = await verified(path, trust);
    inputs.push(input);
    if (flags.json === true) continue;
    const text = inputText(input, undefined, {
      chalk: chalkFor(flags.color),
      quiet: flags.quiet ?? false,
      verbose: flags.verbose ?? false,
      width: textWidth(),
      listed: 'low',
    });
    if (text !== '') process.stdout.write(inputs.length > 1 ? `\n${text}` : text);
    if (header !== undefined && flags.quiet !== true) {
      process.stdout.write(sealText(header, trust.keys ?? []));
    }
  }
  if (flags.json === true) {
    process.stdout.write(`${jsonText(checkDocument({ tool, expect: {}, inputs }), 2)}\n`);
  }
  const refused = inputs.some(
    (input) =>
      !('error' in input) &&
      failOn !== undefined &&
      input.findings.some(({ severity }) => reaches(severity, failOn)),
  );
  if (refused) return exitCodes.findings;
  return inputs.some((input) => 'error' in input) ? exitCodes.undone : exitCodes.sound;
};

/** Who has sealed it, for what and until when, as the seal says itself. */
const sealText = (
  { signers, threshold, sequence, created, expires, identity }: SealedHeader,
  keys: readonly TrustedKey[],
): string => {
  const time = (seconds: number): string =>
    new Date(seconds * 1000).toISOString().replace(/\.\d+/u, '');
  const lines = signers.map(({ key, id }) => {
    const name = keys.find((one) => one.key === key)?.name;
    return `signer: ${name === undefined ? `unknown (key ${id})` : `${name} (key ${id})`}`;
  });
  if (signers.length > 1) lines.push(`threshold: ${threshold}`);
  const pairs = Object.entries(identity).map(([name, value]) => `${name}=${value}`);
  lines.push(
    `sealed for: ${pairs.length === 0 ? 'anything' : pairs.join(', ')}`,
    `sequence: ${sequence}`,
    `sealed at: ${time(created)}`,
    `expires: ${expires === 0 ? 'never' : time(expires)}`,
  );
  return lines.map((line) => `  ${printable(line)}\n`).join('');
};

interface Verified {
  readonly input: CheckedInput | UnreadInput;
  /** What the seal says of itself, where its own signatures hold. */
  readonly header?: SealedHeader | undefined;
}

const verified = async (path: string, trust: Trust): Promise<Verified> => {
  try {
    const source = opened(path);
    try {
      let header: SealedHeader | undefined;
      const input = await check(source, {
        container: 'sealed',
        rules: [...sealedRules, ...fileRules],
        trust: withFile(trust, source),
        look: sealedLook,
        observer: {
          event: (event) => {
            if (event.kind === 'sealed-header') header = event;
          },
        },
      });
      return { input, header };
    } catch (error) {
      return { input: { path, error: reasonOf(error) } };
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof UndoneError) {
      return { input: { path, error: error.message.slice(path.length + 2) } };
    }
    throw error;
  }
};
