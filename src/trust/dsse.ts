import { createHash, verify } from 'node:crypto';
import type { Signer } from '../container/sealed/write.ts';
import { publicKeyOf } from '../container/sealed/format.ts';
import type { KeyringEntry } from './keyring.ts';

/** An envelope of DSSE 1.0: a payload with its type, and signatures over both. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export const statementType = 'application/vnd.in-toto+json';

/** The pre-authentication encoding of DSSE: what is signed. */
const encoded = (type: string, payload: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `),
    payload,
  ]);

/** A key as an envelope names it: a hint, which nothing rests on. */
const keyIdOf = (raw: Uint8Array): string => createHash('sha256').update(raw).digest('hex');

export const envelopeOf = (
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Envelope => ({
  payloadType,
  payload: Buffer.from(payload).toString('base64'),
  signatures: signers.map(({ publicKey, sign }) => ({
    keyid: keyIdOf(publicKey),
    sig: Buffer.from(sign(encoded(payloadType, payload))).toString('base64'),
  })),
});

/** More signatures than any attestation has. */
const mostSignatures = 64;

/** Reads an envelope; undefined for anything else. */
export const readEnvelope = (text: string): Envelope | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('payload' in value) || !('payloadType' in value) || !('signatures' in value)) {
    return undefined;
  }
  const { payload, payloadType, signatures } = value;
  if (typeof payload !== 'string' || typeof payloadType !== 'string') return undefined;
  if (!Array.isArray(signatures) || signatures.length > mostSignatures) return undefined;
  const all: readonly unknown[] = signatures;
  const read = all.flatMap((one) =>
    typeof one === 'object' && one !== null && 'sig' in one && typeof one.sig === 'string'
      ? [{ keyid: 'keyid' in one && typeof one.keyid === 'string' ? one.keyid : '', sig: one.sig }]
      : [],
  );
  return read.length === all.length ? { payload, payloadType, signatures: read } : undefined;
};

/** The payload, and the keys of a keyring that have signed it. Every key is tried: an id is a hint. */
export const openEnvelope = (
  envelope: Envelope,
  keys: readonly KeyringEntry[],
): { readonly payload: Uint8Array; readonly signers: readonly KeyringEntry[] } => {
  const payload = Buffer.from(envelope.payload, 'base64');
  const message = encoded(envelope.payloadType, payload);
  const signers = keys.filter(({ key }) => {
    const publicKey = publicKeyOf(Buffer.from(key, 'hex'));
    return (
      publicKey !== undefined &&
      envelope.signatures.some(({ sig }) =>
        verify(null, message, publicKey, Buffer.from(sig, 'base64')),
      )
    );
  });
  return { payload, signers };
};
