import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

/** A byte that no text begins with, the name, and a line end that a transfer as text would change. */
export const sealedMagic = [0x89, 0x56, 0x53, 0x45, 0x41, 0x4c, 0x0d, 0x0a] as const;
export const sealedVersion = 1;
/** The one suite of version 1: SHA-256 and Ed25519 (RFC 8032, the pure variant). */
export const sealedSuite = 1;

/** Bytes of the header before the keys of the signers. */
export const fixedLength = 64;
const keyLength = 32;
export const signatureLength = 64;
/** Bytes of a frame before its payload. */
export const frameHeadLength = 32;

export const largestHeader = 1 << 16;
export const smallestFrame = 1 << 8;
export const largestFrame = 1 << 24;
export const mostSigners = 16;
/** Bytes of one text of the identity. */
const longestText = 1024;
/** Times are seconds of the Unix clock; the last one that other programs can hold, too. */
const latestTime = 2n ** 53n - 1n;

/** What a seal says its state is, by the tag of each text in the header. */
export const identityTags = { type: 1, device: 2, driver: 3, vm: 4, host: 5 } as const;
export type IdentityName = keyof typeof identityTags;
export type SealedIdentity = Readonly<Partial<Record<IdentityName, string>>>;

/** What the header of a seal says; times in seconds, texts as they stand there. */
export interface SealedHeader {
  readonly frameSize: number;
  /** Signatures that the sealer wants a reader to ask for. */
  readonly threshold: number;
  readonly sequence: bigint;
  readonly created: number;
  /** 0 for never. */
  readonly expires: number;
  /** 16 random bytes that tell this seal from every other. */
  readonly seal: Uint8Array;
  /** Raw Ed25519 public keys. */
  readonly signers: readonly Uint8Array[];
  readonly identity: SealedIdentity;
}

export interface FrameHead {
  readonly seal: Uint8Array;
  readonly index: bigint;
  readonly flags: number;
  readonly length: number;
}

/** Flag of the frame behind which the seal ends. */
export const LAST = 1;

export const encodeHeader = (header: SealedHeader): Uint8Array => {
  const texts = Object.entries(identityTags).flatMap(([name, tag]) => {
    const text = Object.entries(header.identity).find(([key]) => key === name)?.[1];
    return text === undefined ? [] : [{ tag, bytes: new TextEncoder().encode(text) }];
  });
  const length =
    fixedLength +
    header.signers.length * keyLength +
    texts.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0);
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  out.set(sealedMagic);
  view.setUint16(8, sealedVersion, true);
  view.setUint16(10, sealedSuite, true);
  view.setUint32(12, length, true);
  view.setUint32(16, header.frameSize, true);
  view.setUint8(20, header.signers.length);
  view.setUint8(21, header.threshold);
  view.setBigUint64(24, header.sequence, true);
  view.setBigUint64(32, BigInt(header.created), true);
  view.setBigUint64(40, BigInt(header.expires), true);
  out.set(header.seal, 48);
  let at = fixedLength;
  for (const key of header.signers) {
    out.set(key, at);
    at += keyLength;
  }
  for (const { tag, bytes } of texts) {
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, bytes.length, true);
    out.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return out;
};

/** What is wrong with a header: where, and in which words. */
export interface HeaderFault {
  readonly offset: number;
  readonly length: number;
  readonly wanted: string;
  readonly got: string;
}

/** Reads a header of version 1 that is at hand as a whole. */
export const decodeHeader = (bytes: Uint8Array): SealedHeader | HeaderFault => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (offset: number, length: number, wanted: string, got: unknown): HeaderFault => ({
    offset,
    length,
    wanted,
    got: String(got),
  });
  const frameSize = view.getUint32(16, true);
  const count = view.getUint8(20);
  const threshold = view.getUint8(21);
  const reserved = view.getUint16(22, true);
  const times = [view.getBigUint64(32, true), view.getBigUint64(40, true)] as const;
  if (frameSize < smallestFrame || frameSize > largestFrame) {
    return wrong(16, 4, `a frame size from ${smallestFrame} to ${largestFrame}`, frameSize);
  }
  if (count < 1 || count > mostSigners) return wrong(20, 1, `1 to ${mostSigners} signers`, count);
  if (threshold < 1 || threshold > count) {
    return wrong(21, 1, `a threshold from 1 to ${count}`, threshold);
  }
  if (reserved !== 0) return wrong(22, 2, '0 in reserved bytes', reserved);
  if (times[0] > latestTime) return wrong(32, 8, 'a time below 2^53', times[0]);
  if (times[1] > latestTime) return wrong(40, 8, 'a time below 2^53', times[1]);
  const keysEnd = fixedLength + count * keyLength;
  if (keysEnd > bytes.length) {
    return wrong(12, 4, `a header of at least ${keysEnd} bytes`, bytes.length);
  }
  const signers = Array.from({ length: count }, (_, index) =>
    bytes.slice(fixedLength + index * keyLength, fixedLength + (index + 1) * keyLength),
  );
  const repeated = signers.findIndex((key, index) =>
    signers.slice(0, index).some((other) => Buffer.compare(other, key) === 0),
  );
  if (repeated >= 0) {
    const at = fixedLength + repeated * keyLength;
    return wrong(at, keyLength, 'each key once', `the key of signer ${repeated} twice`);
  }
  const texts = decodeTexts(bytes, view, keysEnd);
  if ('wanted' in texts) return texts;
  return {
    frameSize,
    threshold,
    sequence: view.getBigUint64(24, true),
    created: Number(times[0]),
    expires: Number(times[1]),
    seal: bytes.slice(48, fixedLength),
    signers,
    identity: texts.identity,
  };
};

/** The texts behind the keys: known tags, ascending, to the last byte of the header. */
const decodeTexts = (
  bytes: Uint8Array,
  view: DataView,
  start: number,
): { readonly identity: SealedIdentity } | HeaderFault => {
  const identity: Partial<Record<IdentityName, string>> = {};
  const names = new Map<number, IdentityName>([
    [identityTags.type, 'type'],
    [identityTags.device, 'device'],
    [identityTags.driver, 'driver'],
    [identityTags.vm, 'vm'],
    [identityTags.host, 'host'],
  ]);
  let before = 0;
  for (let at = start; at < bytes.length;) {
    const left = bytes.length - at;
    if (left < 4)
      return { offset: at, length: left, wanted: 'a tag and a length', got: `${left} bytes` };
    const tag = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    const name = names.get(tag);
    if (name === undefined) return { offset: at, length: 2, wanted: 'a known tag', got: `${tag}` };
    if (tag <= before) {
      return {
        offset: at,
        length: 2,
        wanted: 'tags in ascending order',
        got: `${tag} behind ${before}`,
      };
    }
    if (length < 1 || length > longestText || length > left - 4) {
      const most = Math.min(longestText, left - 4);
      return {
        offset: at + 2,
        length: 2,
        wanted: `a text of 1 to ${most} bytes`,
        got: `${length}`,
      };
    }
    const text = textOf(bytes.subarray(at + 4, at + 4 + length));
    if (text === undefined) {
      return {
        offset: at + 4,
        length,
        wanted: 'UTF-8 without control characters',
        got: 'other bytes',
      };
    }
    identity[name] = text;
    before = tag;
    at += 4 + length;
  }
  return { identity };
};

/** The text of well-formed UTF-8 that has no control characters; undefined for other bytes. */
const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
};

export const encodeFrameHead = ({ seal, index, flags, length }: FrameHead): Uint8Array => {
  const out = new Uint8Array(frameHeadLength);
  const view = new DataView(out.buffer);
  out.set(seal);
  view.setBigUint64(16, index, true);
  view.setUint32(24, flags, true);
  view.setUint32(28, length, true);
  return out;
};

/** Reads a frame's head at the start of `bytes`. */
export const decodeFrameHead = (bytes: Uint8Array): FrameHead => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    seal: bytes.slice(0, 16),
    index: view.getBigUint64(16, true),
    flags: view.getUint32(24, true),
    length: view.getUint32(28, true),
  };
};

/** What is signed begins with what it is for, so that no signature serves as another. */
const purpose = (text: string): Uint8Array => {
  const out = new Uint8Array(32);
  out.set(new TextEncoder().encode(text));
  return out;
};
const headerPurpose = purpose('vstate-check sealed v1 header');
const framePurpose = purpose('vstate-check sealed v1 frame');

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes).digest();

/** What each signer signs of the header. */
export const headerMessage = (headerDigest: Uint8Array): Uint8Array =>
  Buffer.concat([headerPurpose, headerDigest]);

/**
 * What each signer signs of a frame. `before` is what was signed before it, of the frame with the
 * index below or of the header: a frame fits behind what it was sealed behind and nothing else, even
 * where two seals have the same header because the sealer's random bytes came twice.
 */
export const frameMessage = (
  headerDigest: Uint8Array,
  before: Uint8Array,
  head: Uint8Array,
  payloadDigest: Uint8Array,
): Uint8Array => Buffer.concat([framePurpose, headerDigest, sha256(before), head, payloadDigest]);

/** A raw Ed25519 public key as `node:crypto` takes it; undefined when it is none. */
export const publicKeyOf = (raw: Uint8Array): KeyObject | undefined => {
  try {
    const x = Buffer.from(raw).toString('base64url');
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
};

export const verifies = (
  key: KeyObject | undefined,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => key !== undefined && verify(null, message, key, signature);

/** A key as people see it: the first 16 digits of its SHA-256. */
export const keyId = (raw: Uint8Array): string =>
  Buffer.from(sha256(raw)).toString('hex').slice(0, 16);
