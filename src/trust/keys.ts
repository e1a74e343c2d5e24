import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Signer } from '../container/sealed/write.ts';

/** A key or keyring that cannot be used, in one line; `hint` says what to do. */
export class KeyError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** A new pair of Ed25519 keys as PEM: PKCS #8, and SubjectPublicKeyInfo. */
export const newKeyPair = (): { readonly privatePem: string; readonly publicPem: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
};

/** The 32 bytes of an Ed25519 public key. */
const rawKey = (key: KeyObject): Uint8Array => {
  const der = key.export({ format: 'der', type: 'spki' });
  return Uint8Array.from(der.subarray(der.length - 32));
};

/** A private key has a few hundred bytes. */
const largestKey = 1 << 16;

/** A private key from its file, which nobody but its owner may read. What is judged is what is read. */
export const readSigner = (path: string): Signer => {
  const fd = openSync(path, 'r');
  try {
    const { mode, size } = fstatSync(fd);
    if (process.geteuid !== undefined && (mode & 0o077) !== 0) {
      throw new KeyError(
        `${path}: others may read this private key (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
        'chmod 600 it, or make a new one where somebody may have read it',
      );
    }
    if (size > largestKey) throw new KeyError(`${path}: ${size} bytes`, 'a private key is smaller');
    return signerOf(readFileSync(fd, 'utf8'), path);
  } finally {
    closeSync(fd);
  }
};

/** A private key from the text of its PEM file. */
const signerOf = (pem: string, path: string): Signer => {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new KeyError(`${path}: no private key in PEM`, 'vstate-check keygen makes one');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new KeyError(
      `${path}: a key of the kind ${key.asymmetricKeyType ?? 'secret'}`,
      'seals are signed with Ed25519; vstate-check keygen makes such a key',
    );
  }
  return { publicKey: rawKey(createPublicKey(key)), sign: (message) => sign(null, message, key) };
};

/** A public key from its PEM block. */
export const publicKeyFrom = (pem: string, path: string): Uint8Array => {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new KeyError(`${path}: no public key in PEM`, 'a keyring holds what keygen calls .pub');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new KeyError(
      `${path}: a key of the kind ${key.asymmetricKeyType ?? 'secret'}`,
      'seals are signed with Ed25519',
    );
  }
  return rawKey(key);
};
