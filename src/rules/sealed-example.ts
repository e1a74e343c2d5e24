import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { SealedHeader } from '../container/sealed/format.ts';
import { writeSealed, type Signer } from '../container/sealed/write.ts';
import { mttyState } from './examples.ts';
import type { Example, Expectation } from './rule.ts';
import type { Trust, TrustedKey } from './trust.ts';

/** What comes before the 32 secret bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8 = '302e020100300506032b657004220420';

/**
 * A key for examples and tests whose secret is the digest of its name, so that everybody has it: it
 * must never stand in a keyring.
 */
const testKey = (name: string): KeyObject => {
  const secret = createHash('sha256').update(`vstate-check test key ${name}`).digest('hex');
  return createPrivateKey({
    key: Buffer.from(pkcs8 + secret, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });
};

/** The raw public half of a key. */
const rawPublic = (key: KeyObject): Uint8Array => {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return Uint8Array.from(der.subarray(der.length - 32));
};

/** A signer with a test key. */
export const testSigner = (name: string): Signer => {
  const key = testKey(name);
  return {
    publicKey: rawPublic(key),
    sign: (message) => sign(null, message, key),
  };
};

/** A test key as a keyring would hold it. */
export const testTrusted = (name: string, more: Partial<TrustedKey> = {}): TrustedKey => ({
  name,
  key: Buffer.from(testSigner(name).publicKey).toString('hex'),
  ...more,
});

/** 2026-01-02T00:00:00Z, one day before the example seal expires and one day behind its making. */
export const exampleNow = 1_767_312_000;
const DAY = 86_400;

/** The header of every example seal, with something changed. */
export const exampleHeader = (
  change: Partial<Omit<SealedHeader, 'signers'>> = {},
): Omit<SealedHeader, 'signers'> => ({
  frameSize: 256,
  threshold: 1,
  sequence: 7n,
  created: exampleNow - DAY,
  expires: exampleNow + DAY,
  seal: Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at),
  identity: { type: 'mtty', device: '0000:00:02.0', driver: 'mtty', vm: 'vm-1', host: 'host-a' },
  ...change,
});

/** A small state sealed by one signer, with the header changed. */
export const sealedExample = (
  change: Partial<Omit<SealedHeader, 'signers'>> = {},
  signers: readonly string[] = ['site'],
  state: Uint8Array = mttyState,
): Uint8Array => writeSealed(exampleHeader(change), signers.map(testSigner), state);

/** What the destination of the example seals believes. */
export const exampleTrust = (more: Trust = {}): Trust => ({
  keys: [testTrusted('site')],
  now: exampleNow,
  ...more,
});

/** An example that is signed when somebody looks at it: signing all of them would cost every start. */
export const lazySealed = (
  make: () => { readonly bytes: Uint8Array; readonly trust?: Trust },
  expect: Expectation = {},
): Example => {
  let made: ReturnType<typeof make> | undefined;
  return {
    container: 'sealed',
    expect,
    get bytes() {
      made ??= make();
      return made.bytes;
    },
    get trust() {
      made ??= make();
      return made.trust;
    },
  };
};

/** A copy with one byte overwritten. */
export const overwritten = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};

/** Frames of 256, 256 and 188 bytes: those of the given numbers, some with another id of their seal. */
export const reframed = (
  order: readonly number[],
  seals: Readonly<Record<number, Uint8Array>> = {},
): Uint8Array => {
  const whole = sealedExample({}, ['site'], new Uint8Array(700));
  const stride = 32 + 256 + 64;
  const start = whole.length - 2 * stride - (32 + 188 + 64);
  const frames = order.map((index) => {
    const frame = whole.slice(
      start + index * stride,
      Math.min(start + (index + 1) * stride, whole.length),
    );
    const seal = seals[index];
    if (seal !== undefined) frame.set(seal);
    return frame;
  });
  return Uint8Array.from(Buffer.concat([whole.subarray(0, start), ...frames]));
};
