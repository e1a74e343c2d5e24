import { createHash } from 'node:crypto';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { SmallFileError, smallFile } from '../bytes/small-file.ts';
import type { Severity, Threat } from '../finding/finding.ts';
import {
  checked,
  FormatFileError,
  keyText,
  Mistake,
  mostBytes,
  namesIn,
  readDocument,
  readFormatFiles,
  readInvariant,
  trialAllowance,
  type Allowance,
} from '../formatfile/index.ts';
import type { Format } from '../formats/format.ts';
import type { Expectation } from '../rules/rule.ts';
import { ExpectationError, flatten, parseExpectationFile } from './expectation.ts';
import {
  PolicyError,
  type Origin,
  type Policy,
  type SiteRule,
  type Suppression,
} from './policy.ts';
import { policyShape, type PolicyFile } from './shape.ts';

/** What the program knows, against which the ids of a policy are checked. */
export interface Known {
  readonly formats: readonly Format[];
  readonly rules: ReadonlySet<string>;
  /** What a descriptor file says of the destination; undefined for another file. */
  readonly described?: (
    bytes: Uint8Array,
    path: string,
    formats: readonly Format[],
  ) => Expectation | undefined;
}

/** Reads a policy file. Throws `PolicyError`: one line, with file, line and key. */
export const readPolicy = (path: string, known: Known): Policy => {
  // A policy of somebody else may itself be a link.
  if (existsSync(path)) insideFolder(dirname(path), basename(path));
  return parsePolicy(fileBytes(path, dirname(path)), path, known);
};

/** Reads a policy from its bytes; `path` stands in its errors, and files beside it may be read. */
export const parsePolicy = (bytes: Uint8Array, path: string, known: Known): Policy => {
  const document = explained(() => readDocument(textOf(bytes, path), path, 'a policy'));
  const place = (mistake: Mistake): PolicyError => {
    const { message, hint } = document.located(mistake);
    return new PolicyError(message, hint);
  };
  try {
    const file = checked(policyShape, document.data, []);
    const lineOf = (...key: readonly (string | number)[]): number => {
      const { message } = document.located(new Mistake(key, '', ''));
      return Number(/:(?<line>\d+): /u.exec(message.slice(path.length))?.groups?.line ?? 1);
    };
    return policyOf(file, path, bytes, known, lineOf);
  } catch (error) {
    if (error instanceof Mistake) throw place(error);
    throw error;
  }
};

type LineOf = (...key: readonly (string | number)[]) => number;

const policyOf = (
  file: PolicyFile,
  path: string,
  bytes: Uint8Array,
  known: Known,
  lineOf: LineOf,
): Policy => {
  const folder = dirname(path);
  const own = explained(() =>
    readFormatFiles((file['format-files'] ?? []).map((name) => insideFolder(folder, name))),
  );
  const formats = [...own, ...known.formats];
  const ids = new Set([
    ...known.rules,
    ...own.flatMap(({ invariants }) => invariants.map(({ id }) => id)),
  ]);
  const trial = trialAllowance();
  const rules = (file.rules ?? []).map((given, index) =>
    siteRule(given, index, formats, ids, trial),
  );
  for (const { invariant } of rules) ids.add(invariant.id);
  for (const rule of Object.keys(file.severity ?? {})) {
    if (!ids.has(rule)) throw noRule(rule, ['severity', rule]);
  }
  const suppressions = (file.suppress ?? []).map((one, index): Suppression => {
    if (!ids.has(one.rule)) throw noRule(one.rule, ['suppress', index, 'rule']);
    return {
      rule: one.rule,
      input: one.input,
      device: one.device,
      field: one.field,
      reason: one.reason,
      expires: one.expires,
      line: lineOf('suppress', index, 'rule'),
    };
  });
  return {
    path,
    digest: createHash('sha256').update(bytes).digest('hex'),
    expect: { ...expectOf(file, folder, { ...known, formats }), ...deniedBy(file, formats) },
    failOn: file['fail-on'],
    severities: new Map(Object.entries<Severity>(file.severity ?? {})),
    suppressions,
    signers:
      file.signers === undefined
        ? undefined
        : {
            keyring:
              file.signers.keyring === undefined
                ? undefined
                : keyringIn(folder, file.signers.keyring),
            threshold: Number(file.signers.threshold ?? 1),
          },
    files: file.trust?.files === 'required',
    formats: own,
    rules,
    origins: originsOf(file, lineOf),
  };
};

const noRule = (rule: string, path: readonly (string | number)[]): Mistake =>
  new Mistake(path, `there is no rule ${rule}`, '`vstate-check rules` lists them');

const expectOf = (file: PolicyFile, folder: string, known: Known): Expectation => {
  const direct = file.expect === undefined ? {} : flatten(file.expect);
  if (file['expect-file'] === undefined) return direct;
  const path = insideFolder(folder, file['expect-file']);
  const bytes = fileBytes(path, folder);
  const described = known.described?.(bytes, path, known.formats);
  if (described !== undefined) return { ...described, ...direct };
  try {
    return { ...parseExpectationFile(textOf(bytes, path), path), ...direct };
  } catch (error) {
    if (error instanceof ExpectationError) throw new PolicyError(error.message, error.hint);
    throw error;
  }
};

/** What may not come, in the words of the rules that judge it: the key says what, the value why. */
const deniedBy = ({ formats, signers }: PolicyFile, known: readonly Format[]): Expectation => {
  const flat: Record<string, string> = {};
  if (signers !== undefined) flat['policy.signers'] = 'required';
  const needed = (id: string, path: readonly (string | number)[]): void => {
    if (id === 'opaque' || known.some((format) => format.id === id)) return;
    throw new Mistake(path, `there is no format ${id}`, '`vstate-check formats` lists them');
  };
  for (const [index, id] of (formats?.allow ?? []).entries())
    needed(id, ['formats', 'allow', index]);
  if (formats?.allow !== undefined) flat['policy.allow'] = formats.allow.join('|');
  for (const [index, { format, device, reason }] of (formats?.deny ?? []).entries()) {
    if (format === undefined && device === undefined) {
      throw new Mistake(
        ['formats', 'deny', index],
        'format or device is needed',
        'name what is denied',
      );
    }
    if (format !== undefined) {
      needed(format, ['formats', 'deny', index, 'format']);
      flat[`policy.deny.format[${format}]`] = reason;
    }
    if (device !== undefined) flat[`policy.deny.device[${device}]`] = reason;
  }
  return flat;
};

const siteRule = (
  given: NonNullable<PolicyFile['rules']>[number],
  index: number,
  formats: readonly Format[],
  ids: ReadonlySet<string>,
  trial: Allowance,
): SiteRule => {
  const path = ['rules', index] as const;
  const { format: id, threat, ...rest } = given;
  const format = formats.find((one) => one.id === id);
  if (format === undefined) {
    throw new Mistake(
      [...path, 'format'],
      `there is no format ${id}`,
      '`vstate-check formats` lists them',
    );
  }
  const { names, constants } = namesIn(format.layout);
  const all: readonly Threat[] = Array.isArray(threat) ? threat : [threat];
  const full = {
    title: given.message,
    cwe: 'CWE-20',
    rationale: `The site's policy says that this must hold of every state of ${id}.`,
    advice: 'Refuse a state of which the policy of the site does not hold.',
    ...rest,
    threat: all,
  };
  const invariant = readInvariant(full, path, {
    format: 'site',
    source: 'the policy of the site',
    names,
    constants,
    builtin: () => undefined,
    trial,
  });
  if (ids.has(invariant.id)) {
    throw new Mistake(
      [...path, 'id'],
      `there is a rule ${invariant.id} already`,
      'give it another id',
    );
  }
  return { format: id, invariant };
};

/** A path below the folder, links followed: a policy reads nothing that is not its own. */
const insideFolder = (folder: string, name: string): string => {
  const path = join(folder, name);
  let real: string;
  try {
    real = relative(realpathSync(folder === '' ? '.' : folder), realpathSync(path));
  } catch {
    throw new PolicyError(`${path}: there is no such file`, 'the policy names it');
  }
  if (real === '..' || real.startsWith(`..${sep}`)) {
    throw new PolicyError(
      `${path}: lies outside the folder of the policy`,
      'put it beside the policy',
    );
  }
  return path;
};

/** A keyring is read later, by who knows no policy; so its links are followed here. */
const keyringIn = (folder: string, name: string): string => {
  const keyring = insideFolder(folder, name);
  if (!statSync(keyring).isDirectory()) return keyring;
  for (const key of readdirSync(keyring)) {
    if (key.endsWith('.pub')) insideFolder(folder, join(name, key));
  }
  return keyring;
};

const fileBytes = (path: string, folder: string): Uint8Array => {
  try {
    return smallFile(path, mostBytes);
  } catch (error) {
    if (error instanceof SmallFileError) {
      throw new PolicyError(`${path}: ${error.message}`, 'name a YAML file');
    }
    throw new PolicyError(`${path}: cannot be read`, `is it there, in ${folder}?`);
  }
};

const textOf = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PolicyError(`${path}: not text`, 'a policy is YAML in UTF-8');
  }
};

const explained = <Result>(read: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatFileError) throw new PolicyError(error.message, error.hint);
    throw error;
  }
};

/** Each value of the file by its key, one level below the lists and groups. */
const originsOf = (file: PolicyFile, lineOf: LineOf): readonly Origin[] => {
  const origins: Origin[] = [];
  const add = (path: readonly (string | number)[], value: unknown): void => {
    if (Array.isArray(value) && value.some((one) => typeof one === 'object')) {
      value.forEach((one: unknown, index) => {
        add([...path, index], one);
      });
    } else if (Array.isArray(value)) {
      origins.push({ key: keyText(path), value: value.join(', '), line: lineOf(...path) });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) add([...path, key], inner);
    } else if (isScalar(value)) {
      origins.push({ key: keyText(path), value: String(value), line: lineOf(...path) });
    }
  };
  add([], file);
  return origins;
};

const isScalar = (value: unknown): value is string | number | bigint | boolean =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
