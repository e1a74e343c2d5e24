import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { catalogueWith, rules } from '../../src/check/catalogue.ts';
import { check } from '../../src/check/check.ts';
import type { Finding } from '../../src/finding/finding.ts';
import { formats } from '../../src/formats/index.ts';
import { policyFor } from '../../src/policy/find.ts';
import { PolicyError, type Policy } from '../../src/policy/policy.ts';
import { parsePolicy, readPolicy } from '../../src/policy/read-policy.ts';
import { policyJsonSchema } from '../../src/policy/shape.ts';
import { Suppressor } from '../../src/policy/suppress.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { readKeyring } from '../../src/trust/keyring.ts';

const known = { formats, rules: new Set(rules.map(({ id }) => id)) };
const parsed = (text: string, path = 'vstate-check.yaml'): Policy =>
  parsePolicy(Buffer.from(text), path, known);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-policy-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const judged = async (
  policy: Policy,
  bytes: Uint8Array,
  path = 'in/state.bin',
  today = '2026-01-01',
): Promise<readonly Finding[]> => {
  const catalogue = catalogueWith(policy.formats, policy.rules);
  const { findings } = await check(memorySource(path, bytes), {
    ...catalogue,
    expect: policy.expect,
  });
  return new Suppressor(policy, today).apply(path, findings);
};

const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ rule, severity, excused }) =>
    [rule, severity, ...(excused === undefined ? [] : [excused.kind])].join(' '),
  );

describe('a policy', () => {
  it('gives rules the severity of the site', async () => {
    const policy = parsed('version: 1\nseverity: { index-out-of-bounds: low }\n');
    assert.deepEqual(told(await judged(policy, patched(0x30, 0x12, 0, 2))), [
      'index-out-of-bounds low',
    ]);
  });

  it('expects a destination, from itself and from a file beside it', async () => {
    writeFileSync(join(folder, 'destination.yaml'), 'format: mtty\nnr_ports: 2\n');
    const path = join(folder, 'vstate-check.yaml');
    writeFileSync(path, 'version: 1\nexpect-file: destination.yaml\n');
    const findings = await judged(readPolicy(path, known), mttyState);
    assert.deepEqual(told(findings), ['identity-differs high']);
    const own = parsed('version: 1\nexpect: { nr_ports: 1 }\n');
    assert.deepEqual(await judged(own, mttyState), []);
  });

  it.each([
    ['formats: { deny: [{ format: mtty, reason: not used here }] }', ['format-denied high']],
    ['formats: { deny: [{ format: qat, reason: not used here }] }', []],
    ['formats: { allow: [qat] }', ['format-denied high']],
    ['formats: { allow: [qat, mtty] }', []],
  ])('switches formats off: %s', async (line, wanted) => {
    const findings = await judged(parsed(`version: 1\n${line}\n`), mttyState);
    assert.deepEqual(told(findings), wanted);
    if (line.includes('deny') && wanted.length > 0) {
      assert.match(findings[0]!.message, /not used here/u);
    }
  });

  it('adds rules over fields', async () => {
    const policy = parsed(`version: 1
rules:
  - id: no-loopback
    format: mtty
    severity: medium
    threat: guest
    each: port[]
    holds: uart_reg.MCR != 27
    at: uart_reg.MCR
    message: "loopback is on: MCR is {uart_reg.MCR}"
`);
    assert.deepEqual(await judged(policy, mttyState), []);
    const [finding] = await judged(policy, patched(0x1c, 27));
    assert.equal(finding?.rule, 'site-no-loopback');
    assert.equal(finding.severity, 'medium');
    assert.equal(finding.at[0]?.path, 'port[0].uart_reg.MCR');
    assert.equal(finding.message, 'loopback is on: MCR is 27');
  });

  const suppression = (more: string): Policy =>
    parsed(`version: 1
suppress:
  - { rule: index-out-of-bounds, reason: mended in the next driver${more} }
`);
  const broken = patched(0x30, 0x12, 0, 2);
  it.each([
    ['', ['index-out-of-bounds critical suppressed']],
    [', input: state.bin', ['index-out-of-bounds critical suppressed']],
    [', input: in/state.bin', ['index-out-of-bounds critical suppressed']],
    [', input: tate.bin', ['index-out-of-bounds critical']],
    [', field: "port[0].head"', ['index-out-of-bounds critical suppressed']],
    [', field: "port[0].tail"', ['index-out-of-bounds critical']],
    [', device: "0000:00:02.0/vfio"', ['index-out-of-bounds critical']],
    [', expires: 2026-01-01', ['index-out-of-bounds critical suppressed']],
    [', expires: 2025-12-31', ['index-out-of-bounds critical']],
  ])('suppresses what fits, with a reason and until a day: %s', async (more, wanted) => {
    assert.deepEqual(told(await judged(suppression(more), broken)), wanted);
  });

  it('says on which line each value stands', () => {
    const { origins } = parsed('version: 1\n\nfail-on: medium\nformats:\n  allow: [mtty]\n');
    assert.deepEqual(
      origins.map(({ key, value, line }) => `${line} ${key}=${value}`),
      ['1 version=1', '5 formats.allow=mtty', '3 fail-on=medium'],
    );
  });

  it('fits the schema that is published for editors', () => {
    const validate = new Ajv({ strict: false }).compile({
      ...(policyJsonSchema() as object),
      $schema: undefined,
    } as Record<string, unknown>);
    const text = 'version: 1\nfail-on: high\nsuppress: [{ rule: tag-unknown, reason: x }]\n';
    assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
    assert.ok(!validate(parse('version: 1\nfail-at: high\n')));
    assert.ok(!validate(parse('version: 2\n')));
  });
});

describe('a mistake in a policy is one line with its place', () => {
  it.each([
    ['version: 2', ':1: version: '],
    ['version: 1\nfail-at: high', ':2: fail-at: there is no such key'],
    [
      'version: 1\nseverity: { index-out-of-bound: low }',
      ':2: severity.index-out-of-bound: there is no rule',
    ],
    ['version: 1\nsuppress:\n  - rule: tag-unknown', ':3: suppress[0].reason: this key is missing'],
    [
      'version: 1\nsuppress:\n  - { rule: tag-unknown, reason: x, expires: 2026-02-31x }',
      ':3: suppress[0].expires',
    ],
    ['version: 1\nformats: { allow: [mty] }', ':2: formats.allow[0]: there is no format mty'],
    [
      'version: 1\nformats: { deny: [{ reason: x }] }',
      ':2: formats.deny[0]: format or device is needed',
    ],
    [
      'version: 1\nrules: [{ id: a, format: mtty, severity: low, threat: guest, message: m, holds: "prt == 1" }]',
      ':2: rules[0].holds: there is no field or constant prt',
    ],
    ['- 1', ':1: '],
    ['version: [', ':1: '],
  ])('%s', (text, wanted) => {
    assert.throws(
      () => parsed(text),
      (error) => {
        assert.ok(error instanceof PolicyError, String(error));
        assert.ok(error.message.startsWith(`vstate-check.yaml${wanted}`), error.message);
        assert.ok(!error.message.includes('\n') && error.hint !== '');
        return true;
      },
    );
  });
});

describe('a policy of somebody else', () => {
  const refused = (text: string): void => {
    const started = performance.now();
    const before = process.memoryUsage().rss;
    assert.throws(() => parsed(text, join(folder, 'vstate-check.yaml')), PolicyError);
    assert.ok(performance.now() - started < 5_000);
    assert.ok(process.memoryUsage().rss - before < 200e6);
  };

  it.each(['../secret.yaml', '/etc/passwd', 'a/../../secret.yaml', 'link.yaml', 'gone.yaml'])(
    'reads no file outside its folder: %s',
    (name) => {
      const inner = join(folder, 'site');
      mkdirSync(inner);
      writeFileSync(join(folder, 'secret.yaml'), 'format: mtty\n');
      symlinkSync(join(folder, 'secret.yaml'), join(inner, 'link.yaml'));
      for (const key of ['expect-file', 'format-files']) {
        const value = key === 'format-files' ? `[${name}]` : name;
        const path = join(inner, 'vstate-check.yaml');
        assert.throws(() => parsed(`version: 1\n${key}: ${value}\n`, path), PolicyError);
      }
    },
  );

  it('is no link that leads out of its folder, and neither is a key of its keyring', () => {
    const inner = join(folder, 'linked');
    mkdirSync(join(inner, 'keys'), { recursive: true });
    writeFileSync(join(folder, 'outside.yaml'), 'version: 1\n');
    const path = join(inner, 'vstate-check.yaml');
    symlinkSync(join(folder, 'outside.yaml'), path);
    assert.throws(() => readPolicy(path, known), /lies outside the folder of the policy/u);
    symlinkSync('/dev/zero', join(inner, 'keys', 'a.pub'));
    const keyring = 'version: 1\nsigners: { keyring: keys }\n';
    assert.throws(() => parsed(keyring, path), /lies outside the folder of the policy/u);
    assert.throws(() => readKeyring(join(inner, 'keys')), /a\.pub: not a file/u);
  });

  it.each([
    ['aliases', `version: 1\na: &a [x]\n${'b: [*a, *a]\n'.repeat(50)}`],
    ['nesting', `version: ${'['.repeat(100_000)}`],
    ['size', `version: 1\n# ${'x'.repeat(1 << 17)}`],
    ['lines', `version: 1\n${'a:\n'.repeat(100_000)}`],
    [
      'loops without an end',
      'version: 1\nrules: [{ id: a, format: mtty, severity: low, threat: guest, message: m, holds: "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, true))))" }]',
    ],
    [
      'patterns',
      'version: 1\nrules: [{ id: a, format: mtty, severity: low, threat: guest, message: m, holds: "string(magic).matches(\'(a+)+$\')" }]',
    ],
  ])('takes neither time nor memory: %s', (_, text) => {
    refused(text);
  });
});

describe('a policy is found', () => {
  it('in the folder of the input or above it, but not above its repository', () => {
    const deep = join(folder, 'repository', 'captures', 'deep');
    mkdirSync(deep, { recursive: true });
    const input = join(deep, 'state.bin');
    writeFileSync(input, '');
    const outside = join(folder, 'vstate-check.yaml');
    writeFileSync(outside, 'version: 1\n');
    assert.equal(policyFor(input), outside);
    mkdirSync(join(folder, 'repository', '.git'));
    assert.notEqual(policyFor(input), outside);
    const root = join(folder, 'repository', 'vstate-check.yaml');
    writeFileSync(root, 'version: 1\n');
    assert.equal(policyFor(input), root);
    assert.equal(policyFor(deep), root);
    const near = join(deep, 'vstate-check.yaml');
    writeFileSync(near, 'version: 1\n');
    assert.equal(policyFor(input), near);
  });
});
