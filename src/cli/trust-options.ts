import { statSync } from 'node:fs';
import { errorCode, type Source } from '../bytes/source.ts';
import {
  identityTags,
  type IdentityName,
  type SealedIdentity,
} from '../container/sealed/format.ts';
import type { Policy } from '../policy/policy.ts';
import { printable } from '../report/escape.ts';
import type { Trust } from '../rules/trust.ts';
import { exposuresOf } from '../trust/files.ts';
import { readKeyring } from '../trust/keyring.ts';
import { KeyError } from '../trust/keys.ts';
import { SequenceFile } from '../trust/sequence.ts';
import { spanOf, timeOf } from '../trust/time.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';
import type { TrustFlags } from './trust-program.ts';

/** What is believed, with who may change the file that a source reads. */
export const withFile = (trust: Trust, { path, status }: Source): Trust =>
  status === undefined ? trust : { ...trust, file: exposuresOf(path, status) };

/** Says on standard error who else may change a file that decides what is believed. */
export const warnOfFile = (path: string): void => {
  const [first, ...others] = exposuresOf(path, statSync(path));
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  process.stderr.write(`vstate-check: warning: ${printable(`${path}: ${first.message}${more}`)}\n`);
};

/** The flags, and where they leave something out the word of the policy on signers. */
export const signersOf = <Flags extends TrustFlags>(
  flags: Flags,
  policy: Policy | undefined,
): Flags => {
  const { keyring, threshold } = policy?.signers ?? {};
  return {
    ...flags,
    ...(flags.keyring === undefined && keyring !== undefined ? { keyring } : {}),
    ...(flags.threshold === undefined && threshold !== undefined ? { threshold } : {}),
  };
};

/** What the flags say of the destination, and where it counts what it has opened. */
export interface TrustOfRun {
  readonly trust: Trust;
  readonly sequences: SequenceFile | undefined;
}

export const trustOfRun = (flags: TrustFlags): TrustOfRun => {
  const { keyring, threshold, sequenceFile } = flags;
  const now = nowOption(flags.now);
  const ring = keyring === undefined ? undefined : explained(keyring, () => readKeyring(keyring));
  if (ring?.keys.length === 0) {
    throw new UsageError(`${keyring ?? ''}: no key in here`, 'a keyring holds files NAME.pub');
  }
  for (const path of ring?.paths ?? []) warnOfFile(path);
  const sequences =
    sequenceFile === undefined
      ? undefined
      : explained(sequenceFile, () => new SequenceFile(sequenceFile));
  return {
    trust: {
      now,
      identity: identityOption(flags.for),
      ...(ring === undefined ? {} : { keys: ring.keys }),
      ...(threshold === undefined ? {} : { threshold }),
      ...(sequences === undefined ? {} : { seen: sequences.seen }),
    },
    sequences,
  };
};

/** Runs what reads a key, a keyring or a list; what is wrong with it is the person's to put right. */
export const explained = <Result>(path: string, run: () => Result): Result => {
  try {
    return run();
  } catch (error) {
    if (error instanceof KeyError) throw new UsageError(error.message, error.hint);
    if (errorCode(error) === undefined) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
};

/** Seconds of the Unix clock: of the flag, or now. */
export const nowOption = (text: string | undefined): number => {
  if (text === undefined) return Math.floor(Date.now() / 1000);
  const time = timeOf(text);
  if (time !== undefined) return time;
  throw new UsageError(`--now ${text} is no time`, 'write 2027-01-31T00:00:00Z, or seconds');
};

/** An end: a span from `now` on, a time, or 0 for never. */
export const expiryOption = (text: string, now: number): number => {
  if (text === 'never') return 0;
  const span = spanOf(text);
  const end = span === undefined ? timeOf(text) : now + span;
  if (end !== undefined) return end;
  throw new UsageError(
    `--expires ${text} is no time`,
    'write 12h, 7d, 2027-01-31T00:00:00Z or never',
  );
};

const isName = (name: string): name is IdentityName => Object.hasOwn(identityTags, name);

/** `device=0000:00:02.0,vm=vm-1` */
export const identityOption = (text: string | undefined): SealedIdentity => {
  if (text === undefined) return {};
  const identity: Partial<Record<IdentityName, string>> = {};
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    const value = pair.slice(equals + 1).trim();
    if (!isName(name) || value === '') {
      const known = Object.keys(identityTags).join(', ');
      throw new UsageError(`--for ${pair} says nothing`, `write name=value; names are ${known}`);
    }
    identity[name] = value;
  }
  return identity;
};
