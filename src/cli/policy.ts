import { rules as builtinRules } from '../check/catalogue.ts';
import type { CheckedInput } from '../check/check.ts';
import type { Verdict } from '../check/judge.ts';
import { formats } from '../formats/index.ts';
import { isDescriptorFile } from '../compat/descriptor.ts';
import { hostPolicy, policyFor, policyName } from '../policy/find.ts';
import type { Policy } from '../policy/policy.ts';
import type { Known } from '../policy/read-policy.ts';
import type { Suppressor } from '../policy/suppress.ts';
import { printable } from '../report/escape.ts';
import { jsonText } from '../report/json-text.ts';
import { suppressionExpired, suppressionUnused } from '../rules/index.ts';
import { exitCodes, UsageError } from './exit.ts';
import { expectedBy } from './expectation.ts';
import { warnOfFile } from './trust-options.ts';
import { tool } from './version.ts';

export interface PolicyFlags {
  /** A file, or false for `--no-policy`. */
  readonly policy?: string | boolean;
}

/**
 * The policy of a run: the one that was named, or the one that all inputs fall under. Two policies in
 * one run would make its exit code mean two things.
 */
export const policyOption = async (
  { policy }: PolicyFlags,
  inputs: readonly string[],
): Promise<Policy | undefined> => {
  if (policy === false) return undefined;
  const path = typeof policy === 'string' ? policy : discovered(inputs);
  if (path === undefined) return undefined;
  const read = await readPolicyAt(path);
  warnOfFile(path);
  return read;
};

const discovered = (inputs: readonly string[]): string | undefined => {
  const [first, ...others] = new Set(inputs.map(policyFor));
  if (others.length === 0) return first;
  throw new UsageError(
    `the inputs fall under different policies: ${[first, ...others].map((path) => path ?? 'none').join(', ')}`,
    'name one with --policy FILE, or check them apart',
  );
};

const readPolicyAt = async (path: string): Promise<Policy> => {
  // Loaded here because a check without a policy needs neither zod nor a YAML reader.
  const { readPolicy } = await import('../policy/read-policy.ts');
  const { PolicyError } = await import('../policy/policy.ts');
  const { DescriptorError, readDescriptors } = await import('../compat/shape.ts');
  const described: Known['described'] = (bytes, file, known) =>
    isDescriptorFile(bytes)
      ? expectedBy(readDescriptors(new TextDecoder().decode(bytes), file), file, known)
      : undefined;
  const rules = new Set(builtinRules.map(({ id }) => id));
  try {
    return readPolicy(path, { formats, rules, described });
  } catch (error) {
    if (error instanceof PolicyError || error instanceof DescriptorError)
      throw new UsageError(error.message, error.hint);
    throw error;
  }
};

/** Weighs findings by the policy, as of the day of `now`, seconds of the Unix clock. */
export const suppressorOf = async (policy: Policy, now: number): Promise<Suppressor> => {
  const { Suppressor } = await import('../policy/suppress.ts');
  return new Suppressor(policy, new Date(now * 1000).toISOString().slice(0, 10));
};

/** Findings about the policy itself, as an input of their own. */
export const policyInput = (policy: Policy, suppressor: Suppressor): CheckedInput | undefined => {
  if (policy.suppressions.length === 0) return undefined;
  const both = { expired: suppressionExpired, unused: suppressionUnused };
  const findings = suppressor.findings(both);
  const verdicts: Record<string, Verdict> = {};
  for (const { id } of Object.values(both)) {
    verdicts[id] = findings.some(({ rule }) => rule === id) ? 'fail' : 'pass';
  }
  return {
    path: policy.path,
    container: 'policy',
    bytes: 0,
    devices: [],
    findings,
    omitted: {},
    verdicts,
  };
};

/** Says whether a policy is one, and which it is. */
export const checkPolicy = async (path: string): Promise<number> => {
  const { rules, suppressions, formats: own, digest } = await readPolicyAt(path);
  process.stdout.write(
    `${printable(path)}: a policy with ${counted(rules.length, 'rule')}, ` +
      `${counted(suppressions.length, 'suppression')} and ${counted(own.length, 'format')} of its own\n` +
      `sha256 ${digest}\n`,
  );
  return exitCodes.sound;
};

const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;

export interface ShowPolicyFlags extends PolicyFlags {
  readonly json?: boolean;
}

/** Prints the policy that an input falls under: every value, and the line that it comes from. */
export const showPolicy = async (
  inputs: readonly string[],
  flags: ShowPolicyFlags,
): Promise<number> => {
  const asked = inputs.length === 0 ? ['.'] : inputs;
  const policy = await policyOption(flags, asked);
  if (flags.json === true) {
    const shown =
      policy === undefined
        ? null
        : {
            path: policy.path,
            sha256: policy.digest,
            values: policy.origins,
            expect: policy.expect,
          };
    process.stdout.write(`${jsonText({ version: 1, tool, policy: shown }, 2)}\n`);
    return exitCodes.sound;
  }
  if (policy === undefined) {
    process.stdout.write(
      `no policy: there is no ${policyName} from ${printable(asked.join(', '))} up to the root of its repository, and no ${hostPolicy}\n`,
    );
    return exitCodes.sound;
  }
  process.stdout.write(`${printable(policy.path)}\nsha256 ${policy.digest}\n\n`);
  for (const { key, value, line } of policy.origins) {
    const place = `line ${line}`.padEnd(9);
    process.stdout.write(`${place} ${printable(key)}: ${printable(value)}\n`);
  }
  return exitCodes.sound;
};
