import { Chalk, type ChalkInstance } from 'chalk';
import { ChannelError } from '../check/channels.ts';
import { UnpackError } from '../bytes/unpack.ts';
import { openSource, errorCode, type Source } from '../bytes/source.ts';
import { containerNames, type ContainerName } from '../container/names.ts';
import { catalogueWith, rules, type Catalogue, type OwnRule } from '../check/catalogue.ts';
import type { Format } from '../formats/format.ts';
import { formats } from '../formats/index.ts';
import { UndoneError, UsageError } from './exit.ts';

/** The format of `--format`; undefined when the flag is not given. */
export const formatOption = (
  id: string | undefined,
  known: readonly Format[] = formats,
): Format | undefined => {
  if (id === undefined) return undefined;
  const format = known.find((one) => one.id === id);
  if (format !== undefined) return format;
  throw new UsageError(
    `there is no format ${JSON.stringify(id)}`,
    `known: ${known.map((one) => one.id).join(', ')}`,
  );
};

/** The built-in formats and rules, and those of every `--format-file`. */
export const catalogueOption = async (
  files: readonly string[] | undefined,
  policy?: { readonly formats: readonly Format[]; readonly rules: readonly OwnRule[] },
): Promise<Catalogue> => {
  if (files === undefined || files.length === 0) {
    return catalogueWith(policy?.formats ?? [], policy?.rules);
  }
  // Loaded here because few runs need a YAML reader, zod and CEL.
  const { FormatFileError, readFormatFiles } = await import('../formatfile/index.ts');
  try {
    const own = [...readFormatFiles(files), ...(policy?.formats ?? [])];
    const catalogue = catalogueWith(own, policy?.rules);
    const builtin = new Set(rules.map((rule) => rule.id));
    for (const { id, invariants } of own) {
      // A format that stands in for a built-in one may keep the ids of its rules.
      const kept = new Set(formats.find((one) => one.id === id)?.invariants.map((one) => one.id));
      const taken = invariants.find((one) => builtin.has(one.id) && !kept.has(one.id));
      if (taken === undefined) continue;
      throw new UsageError(`${id}: there is a rule ${taken.id} already`, 'rename the invariant');
    }
    return catalogue;
  } catch (error) {
    if (error instanceof FormatFileError) throw new UsageError(error.message, error.hint);
    throw error;
  }
};

export const containerOption = (name: string | undefined): ContainerName | undefined =>
  containerNames.find((known) => known === name);

/** Colour as the flag, then NO_COLOR and FORCE_COLOR, then the terminal want it. */
export const chalkFor = (when: string): ChalkInstance => {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const asked = (FORCE_COLOR ?? '') !== '' && FORCE_COLOR !== '0';
  const wanted =
    when === 'always' ||
    (when === 'auto' && (NO_COLOR ?? '') === '' && (asked || process.stdout.isTTY));
  return new Chalk({ level: wanted ? 1 : 0 });
};

/** What fits the terminal, in columns; elsewhere, and on a wide one, what people like to read. */
export const textWidth = (output: NodeJS.WriteStream = process.stdout): number =>
  output.isTTY ? Math.min(Math.max(output.columns, 40), 80) : 80;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  EIO: 'the medium could not be read',
};

/** What the system said, in words. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof UnpackError) return error.message;
  const code = errorCode(error);
  if (code === undefined) throw error;
  return reasons[code] ?? code;
};

/** Opens an input, or says why it cannot be read. */
export const opened = (path: string): Source => {
  try {
    return openSource(path);
  } catch (error) {
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
};

/** The side channels of `--channel`, opened; they go with one input, its main channel. */
export const channelSources = (
  files: readonly string[] | undefined,
  inputs: readonly string[],
): readonly Source[] => {
  if (files === undefined || files.length === 0) return [];
  if (inputs.length !== 1) {
    throw new UsageError(
      `--channel goes with one input, and there are ${inputs.length}`,
      'name the main channel alone',
    );
  }
  return files.map(opened);
};

/** Channels that do not fit the input are the person's to put right. */
export const channelsExplained = async <Result>(examination: Promise<Result>): Promise<Result> => {
  try {
    return await examination;
  } catch (error) {
    if (error instanceof ChannelError) throw new UsageError(error.message, error.hint);
    throw error;
  }
};
