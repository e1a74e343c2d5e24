import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dsse } from '@sigstore/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { run } from '../cli/run.ts';

let folder = '';
const file = (name: string): string => join(folder, name);
const keyring = (): readonly string[] => ['--keyring', file('site.pub')];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-attest-'));
  writeFileSync(file('good.bin'), mttyState);
  writeFileSync(file('bad.bin'), patched(0x30, 0x2c));
  for (const name of ['site', 'other']) run(['keygen', name, '--out', folder]);
  const made = run(['attest', file('good.bin'), '--key', file('site.key'), '-o', file('good.att')]);
  assert.equal(made.status, 0, made.stderr);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
}
const envelope = (name: string): Envelope =>
  JSON.parse(readFileSync(file(name), 'utf8')) as Envelope;

describe('an attestation', () => {
  it('holds by the encoding of another implementation', () => {
    const { payload, payloadType, signatures } = envelope('good.att');
    const message = dsse.preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
    const key = createPublicKey(readFileSync(file('site.pub'), 'utf8'));
    const sig = Buffer.from(signatures[0]?.sig ?? '', 'base64');
    assert.ok(verify(null, message, key, sig));
    message[message.length - 1]! ^= 1;
    assert.ok(!verify(null, message, key, sig));
  });

  it('is a statement about the digest of the input, and says what was not checked', () => {
    const { payload, payloadType } = envelope('good.att');
    assert.equal(payloadType, 'application/vnd.in-toto+json');
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
      readonly _type: string;
      readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
      readonly predicate: {
        readonly verdict: string;
        readonly passed: readonly string[];
        readonly notChecked: { readonly notApplicable: readonly string[] };
      };
    };
    assert.equal(statement._type, 'https://in-toto.io/Statement/v1');
    const wanted = createHash('sha256').update(mttyState).digest('hex');
    assert.equal(statement.subject[0]?.digest.sha256, wanted);
    assert.equal(statement.predicate.verdict, 'sound');
    assert.ok(statement.predicate.passed.includes('index-out-of-bounds'));
    assert.ok(statement.predicate.notChecked.notApplicable.includes('qemu-footer-missing'));
  });

  it('is the same in every run', () => {
    run(['attest', file('good.bin'), '--key', file('site.key'), '-o', file('again.att')]);
    assert.deepEqual(readFileSync(file('again.att')), readFileSync(file('good.att')));
  });

  it('is believed of those whom the keyring has, for the input that it is about', () => {
    const held = run(['verify-attestation', file('good.att'), file('good.bin'), ...keyring()]);
    assert.deepEqual([held.status, held.stdout], [0, 'sound, by site: good.bin\n']);
    const stranger = ['--keyring', file('other.pub')];
    assert.equal(run(['verify-attestation', file('good.att'), ...stranger]).status, 1);
    const other = run(['verify-attestation', file('good.att'), file('bad.bin'), ...keyring()]);
    assert.equal(other.status, 1);
    assert.match(other.stderr, /it is about [0-9a-f]{64}, and/u);
  });

  it('does not hold when a byte of its payload is another', () => {
    const { payload, ...rest } = envelope('good.att');
    const bytes = Buffer.from(payload, 'base64').toString().replace('"sound"', '"Sound"');
    const changed = { ...rest, payload: Buffer.from(bytes).toString('base64') };
    writeFileSync(file('changed.att'), JSON.stringify(changed));
    assert.equal(run(['verify-attestation', file('changed.att'), ...keyring()]).status, 1);
    writeFileSync(file('nothing.att'), '{"payload":[]}');
    assert.equal(run(['verify-attestation', file('nothing.att'), ...keyring()]).status, 1);
  });

  it('of a state that was refused says so', () => {
    const key = ['--key', file('site.key')];
    const made = run(['attest', file('bad.bin'), ...key, '-o', file('bad.att')]);
    assert.equal(made.status, 1);
    const held = run(['verify-attestation', file('bad.att'), file('bad.bin'), ...keyring()]);
    assert.equal(held.status, 1);
    assert.match(held.stdout, /^refused, by site/u);
  });
});
