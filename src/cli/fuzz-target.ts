import { TargetSpecError } from '../targets/open.ts';
import { TargetUnavailable } from '../targets/target.ts';
import type { Settings } from '../fuzz/campaign/folder.ts';
import type { Format } from '../formats/format.ts';
import { UndoneError, UsageError } from './exit.ts';
import type { TargetFlags } from './fuzz-program.ts';
import { catalogueOption, formatOption } from './options.ts';

type Limits = Pick<Settings, 'timeout' | 'memory' | 'output' | 'environment' | 'allowDevice'>;

const MEBIBYTE = 1 << 20;
const KIBIBYTE = 1 << 10;

/** The limits of a target, from the flags. */
export const limitsOf = (flags: TargetFlags): Limits => ({
  timeout: flags.timeout,
  memory: flags.memory * MEBIBYTE,
  output: flags.outputLimit * KIBIBYTE,
  environment: environmentOf(flags.env),
  allowDevice: flags.allowDevice ?? false,
});

/** Variables of a target's environment, from `--env NAME=VALUE`. */
export const environmentOf = (given: readonly string[] = []): Limits['environment'] =>
  Object.fromEntries(given.map(variable));

/** A device of this host is touched only when this very run was allowed to. */
export const deviceAllowed = (
  { target, against }: Pick<Settings, 'target' | 'against'>,
  flags: Pick<TargetFlags, 'allowDevice'>,
): void => {
  if (flags.allowDevice === true) return;
  if (!target.startsWith('vfio:') && against?.startsWith('vfio:') !== true) return;
  throw new UsageError(
    'vfio: attacks a device of this kernel, which may panic',
    '--allow-device allows it; use a virtual machine',
  );
};

const variable = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`--env ${text} sets nothing`, 'write NAME=VALUE');
};

/** What goes wrong with a target, as the person's mistake or the laboratory's. */
export const targetExplained = async <Result>(work: Promise<Result>): Promise<Result> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TargetSpecError) {
      throw new UsageError(error.message, 'see vstate-check fuzz --help');
    }
    if (error instanceof TargetUnavailable) throw new UndoneError(error.message);
    throw error;
  }
};

/** The format of a campaign: a built-in one, or one of the files. */
export const campaignFormat = async (id: string, files: readonly string[]): Promise<Format> => {
  const { formats } = await catalogueOption(files);
  const format = formatOption(id, formats);
  if (format !== undefined) return format;
  throw new UsageError(`there is no format ${id}`, 'see vstate-check formats');
};

export const warnOnce = (): ((line: string) => void) => {
  const said = new Set<string>();
  return (line) => {
    if (said.has(line)) return;
    said.add(line);
    process.stderr.write(`vstate-check: ${line}\n`);
  };
};
