import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { SmallFileError, smallText } from '../bytes/small-file.ts';
import type { Source } from '../bytes/source.ts';
import { check, type CheckedInput } from '../check/check.ts';
import { reaches, severities, type Severity } from '../finding/finding.ts';
import { printable } from '../report/escape.ts';
import { jsonText } from '../report/json-text.ts';
import type { Expectation, Rule } from '../rules/rule.ts';
import { envelopeOf, openEnvelope, readEnvelope, statementType } from '../trust/dsse.ts';
import { readKeyring } from '../trust/keyring.ts';
import { readSigner } from '../trust/keys.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { expectationOf } from './expectation.ts';
import { catalogueOption, containerOption, formatOption, opened, reasonOf } from './options.ts';
import { writeTo } from './output.ts';
import { policyOption } from './policy.ts';
import { explained, nowOption, trustOfRun } from './trust-options.ts';
import type { AttestFlags, VerifyAttestationFlags } from './trust-program.ts';
import { tool } from './version.ts';

const inToto = 'https://in-toto.io/Statement/v1';
const predicateType = 'urn:vstate-check:check:v1';
/** An attestation lists every rule and finding, and stays far below this. */
const largestAttestation = 16 << 20;

/** Checks one input and signs what came of it: an in-toto statement in a DSSE envelope. */
export const runAttest = async (path: string, flags: AttestFlags): Promise<number> => {
  if (flags.key.length === 0) throw new UsageError('no key', 'name a private key with --key');
  const signers = flags.key.map((key) => explained(key, () => readSigner(key)));
  const policy =
    flags.policy === undefined ? undefined : await policyOption({ policy: flags.policy }, []);
  const { formats, rules } = await catalogueOption(flags.formatFile, policy);
  const examine = {
    format: formatOption(flags.format, formats),
    formats,
    container: containerOption(flags.container),
  };
  const expect = { ...policy?.expect, ...(await expectationOf(flags, examine)) };
  const { trust } = trustOfRun(flags);
  const failOn = flags.failOn ?? policy?.failOn ?? 'high';
  const source = opened(path);
  try {
    const digest = createHash('sha256');
    const checked = await check(digesting(source, digest), { ...examine, rules, expect, trust });
    const threshold = severities.find((severity) => severity === failOn);
    const fails = failing(checked, threshold);
    const statement = {
      _type: inToto,
      subject: [{ name: basename(path), digest: { sha256: digest.digest('hex') } }],
      predicateType,
      predicate: predicateOf(checked, { rules, expect, failOn, fails, policy: flags.policy }),
    };
    const payload = new TextEncoder().encode(jsonText(statement));
    const envelope = envelopeOf(statementType, payload, signers);
    const text = new TextEncoder().encode(`${jsonText(envelope)}\n`);
    await writeTo(flags.output, [text], flags.force, 'whom-umask-lets');
    return fails ? exitCodes.findings : exitCodes.sound;
  } catch (error) {
    if (error instanceof UsageError || error instanceof UndoneError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    source.close();
  }
};

/** The same source, of which every byte that the pass reads goes into a digest. */
const digesting = (source: Source, digest: ReturnType<typeof createHash>): Source => ({
  ...source,
  blocks: async function* () {
    for await (const block of source.blocks()) {
      digest.update(block);
      yield block;
    }
  },
});

const failing = ({ findings }: CheckedInput, threshold: Severity | undefined): boolean =>
  threshold !== undefined && findings.some(({ severity }) => reaches(severity, threshold));

interface Judged {
  readonly rules: readonly Rule[];
  readonly expect: Expectation;
  readonly failOn: string;
  readonly fails: boolean;
  readonly policy: string | undefined;
}

/** What was judged, by what, and what was not. No time and no machine in it. */
const predicateOf = (checked: CheckedInput, by: Judged): object => {
  const named = (verdict: string): readonly string[] =>
    Object.keys(checked.verdicts)
      .filter((id) => checked.verdicts[id] === verdict)
      .sort();
  return {
    tool,
    rules: { sha256: rulesDigest(by.rules) },
    ...(by.policy === undefined ? {} : { policy: { sha256: fileDigest(by.policy) } }),
    expect: by.expect,
    failOn: by.failOn,
    verdict: by.fails ? 'refused' : 'sound',
    container: checked.container,
    bytes: checked.bytes,
    devices: checked.devices.map(({ name, format, bytes, partial }) => ({
      name,
      format,
      bytes,
      ...(partial === undefined ? {} : { partial }),
    })),
    findings: checked.findings.map(({ rule, severity, message }) => ({ rule, severity, message })),
    passed: named('pass'),
    failed: named('fail'),
    notChecked: { undecided: named('undecided'), notApplicable: named('not-applicable') },
  };
};

/** What the rules say of themselves: a run with the same digest has judged by the same words. */
const rulesDigest = (rules: readonly Rule[]): string => {
  const digest = createHash('sha256');
  for (const { id, title, severity, confidence, threats, cwe, rationale } of rules) {
    digest.update(jsonText([id, title, severity, confidence, threats, cwe, rationale]));
  }
  return digest.digest('hex');
};

const fileDigest = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

/** Says whether an attestation is signed by those who are believed, and is about this input. */
export const runVerifyAttestation = async (
  path: string,
  input: string | undefined,
  flags: VerifyAttestationFlags,
): Promise<number> => {
  const { keyring } = flags;
  if (keyring === undefined) {
    throw new UsageError('verify-attestation needs a keyring', 'name it with --keyring');
  }
  const now = nowOption(flags.now);
  const { keys } = explained(keyring, () => readKeyring(keyring));
  const usable = keys.filter(
    ({ revoked, expires }) => revoked === undefined && (expires === undefined || now < expires),
  );
  const wrong = await judged(path, input, usable, flags.threshold ?? 1);
  if (wrong === undefined) return exitCodes.sound;
  process.stderr.write(`vstate-check: ${printable(`${path}: ${wrong}`)}\n`);
  return exitCodes.findings;
};

/** What is wrong with an attestation; nothing when it holds. */
const judged = async (
  path: string,
  input: string | undefined,
  keys: Parameters<typeof openEnvelope>[1],
  threshold: number,
): Promise<string | undefined> => {
  const text = explained(path, () => {
    try {
      return smallText(path, largestAttestation);
    } catch (error) {
      if (error instanceof SmallFileError) return '';
      throw error;
    }
  });
  const envelope = readEnvelope(text);
  if (envelope === undefined) return 'not a DSSE envelope';
  if (envelope.payloadType !== statementType) {
    return `the payload is of the type ${JSON.stringify(envelope.payloadType)}`;
  }
  const { payload, signers } = openEnvelope(envelope, keys);
  const names = new Set(signers.map(({ name }) => name));
  if (names.size < threshold) {
    return `${names.size} of the ${threshold} signers that are needed have signed`;
  }
  const statement = statementFrom(payload);
  if (statement === undefined) return 'not a statement of vstate-check';
  if (input !== undefined) {
    const got = await digestOf(input);
    if (got !== statement.sha256) return `it is about ${statement.sha256}, and ${input} is ${got}`;
  }
  process.stdout.write(
    `${printable(`${statement.verdict}, by ${[...names].join(', ')}: ${statement.name}`)}\n`,
  );
  return statement.verdict === 'sound' ? undefined : 'the input was refused';
};

interface Statement {
  readonly name: string;
  readonly sha256: string;
  readonly verdict: string;
}

const at = (value: unknown, ...path: readonly (string | number)[]): unknown => {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = Object.entries(inner).find(([name]) => name === String(key))?.[1];
  }
  return inner;
};

const statementFrom = (payload: Uint8Array): Statement | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  if (at(value, '_type') !== inToto || at(value, 'predicateType') !== predicateType) {
    return undefined;
  }
  const name = at(value, 'subject', 0, 'name');
  const sha256 = at(value, 'subject', 0, 'digest', 'sha256');
  const verdict = at(value, 'predicate', 'verdict');
  return typeof name === 'string' && typeof sha256 === 'string' && typeof verdict === 'string'
    ? { name, sha256, verdict }
    : undefined;
};

const digestOf = async (path: string): Promise<string> => {
  const source = opened(path);
  try {
    const digest = createHash('sha256');
    for await (const block of source.blocks()) digest.update(block);
    return digest.digest('hex');
  } catch (error) {
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    source.close();
  }
};
