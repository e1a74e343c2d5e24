import { printable, wrapped } from '../report/escape.ts';
import { conformKernel } from '../targets/conform-vfio.ts';
import { conform, type Conformance } from '../targets/conform.ts';
import { TargetSpecError } from '../targets/open.ts';
import { TargetUnavailable } from '../targets/target.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { textWidth } from './options.ts';
import { deviceAllowed, environmentOf } from './fuzz-target.ts';

export interface ConformFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly timeout: number;
  readonly env?: readonly string[];
  readonly allowDevice?: boolean;
}

/** What can be checked, by the word in front of the colon. */
const schemes = { 'vfio-user': conform, vfio: conformKernel } as const;
type Scheme = keyof typeof schemes;

const isScheme = (word: string): word is Scheme => Object.hasOwn(schemes, word);

const memory = 4 * 2 ** 30;
const output = 64 << 20;

/** Checks a live server or a device of this kernel against the protocol; 0 when nothing failed, 1 when something did. */
export const runConform = async (target: string, flags: ConformFlags): Promise<number> => {
  const colon = target.indexOf(':');
  const scheme = target.slice(0, Math.max(colon, 0));
  if (!isScheme(scheme)) {
    throw new UsageError(
      `${target} is no vfio-user server and no device`,
      'use vfio-user:SOCKET, vfio-user:cmd=PROGRAM with {} for the socket, or vfio:DEVICE',
    );
  }
  deviceAllowed({ target }, flags);
  const found = await conformed(schemes[scheme], target.slice(colon + 1), flags);
  process.stdout.write(flags.json === true ? asJson(target, found) : asText(found, flags));
  const failed = found.verdicts.some(({ result }) => result === 'fail');
  return failed ? exitCodes.findings : exitCodes.sound;
};

const conformed = async (
  check: typeof conform,
  spec: string,
  { timeout, env, allowDevice }: ConformFlags,
): Promise<Conformance> => {
  const options = {
    timeout: timeout * 1000,
    memory,
    output,
    environment: environmentOf(env),
    allowDevice: allowDevice ?? false,
    warn: (line: string) => void process.stderr.write(`vstate-check: ${printable(line)}\n`),
  };
  try {
    return await check(spec, options, new AbortController().signal);
  } catch (error) {
    if (error instanceof TargetSpecError) {
      throw new UsageError(error.message, 'see docs/targets.md');
    }
    if (error instanceof TargetUnavailable) throw new UndoneError(error.message);
    throw error;
  }
};

const asJson = (target: string, { migration, saved, verdicts }: Conformance): string =>
  `${JSON.stringify(
    {
      version: 1,
      target,
      migration: Number(migration),
      ...(saved === undefined ? {} : { saved }),
      checks: verdicts,
    },
    undefined,
    2,
  )}\n`;

const abilities = ['STOP_COPY', 'P2P', 'PRE_COPY'] as const;

/** What failed and what is undecided, with its reason; what passed, with --verbose. */
const asText = ({ migration, saved, verdicts }: Conformance, { verbose }: ConformFlags): string => {
  const can = abilities.filter((_, bit) => ((migration >> BigInt(bit)) & 1n) === 1n);
  const state = saved === undefined ? 'saves no state' : `saves ${saved} bytes`;
  const lines = [`device: ${can.join(', ')}; ${state}`, ''];
  for (const { id, title, source, result, message } of verdicts) {
    if (result === 'pass') {
      if (verbose === true) lines.push(`pass       ${id}`);
      continue;
    }
    const word = result === 'fail' ? 'FAIL     ' : 'undecided';
    const told = result === 'fail' ? 'happened' : 'because';
    const rows = [
      ['expected', title],
      [told, printable(message)],
      ...(result === 'fail' ? [['source', source] as const] : []),
    ] as const;
    lines.push(`${word}  ${id}`);
    for (const [name, text] of rows) {
      const [first = '', ...others] = wrapped(text, textWidth() - 21);
      lines.push(
        `           ${name.padEnd(9)} ${first}`,
        ...others.map((line) => `${' '.repeat(21)}${line}`),
      );
    }
  }
  const count = (wanted: string): number =>
    verdicts.filter(({ result }) => result === wanted).length;
  if (lines.length > 2) lines.push('');
  lines.push(
    `${verdicts.length} checks: ${count('pass')} passed, ${count('fail')} failed, ` +
      `${count('undecided')} undecided`,
  );
  return `${lines.join('\n')}\n`;
};
