import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SmallFileError, smallText } from '../bytes/small-file.ts';
import { timeOf } from './time.ts';
import { KeyError, publicKeyFrom } from './keys.ts';

/** A key of the keyring as its file says it; what `rules` calls a trusted key. */
export interface KeyringEntry {
  readonly name: string;
  readonly key: string;
  readonly devices?: readonly string[];
  readonly expires?: number;
  readonly revoked?: string;
}

export interface Keyring {
  readonly keys: readonly KeyringEntry[];
  /** The files that it was read from. */
  readonly paths: readonly string[];
}

/** A public key has a few hundred bytes; what is larger is something else. */
const largestFile = 1 << 16;
const mostKeys = 4096;
const begin = '-----BEGIN PUBLIC KEY-----';
const end = '-----END PUBLIC KEY-----';

/**
 * Reads a keyring: a folder with one file `*.pub` a key, or one such file. Before the PEM block stand
 * lines `name: value` (RFC 7468 section 2 leaves this place to text).
 */
export const readKeyring = (path: string): Keyring => {
  const paths = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.pub') && !name.startsWith('.'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  if (paths.length > mostKeys) {
    throw new KeyError(`${path}: ${paths.length} keys`, `a keyring holds at most ${mostKeys}`);
  }
  const keys = paths.map((file) => {
    try {
      return parseKey(smallText(file, largestFile), file);
    } catch (error) {
      if (!(error instanceof SmallFileError)) throw error;
      throw new KeyError(`${file}: ${error.message}`, 'name a public key');
    }
  });
  for (const [index, { key, name }] of keys.entries()) {
    const other = keys.findIndex((one) => one.key === key);
    if (other === index) continue;
    const first = `${paths[other] ?? ''} (${keys[other]?.name ?? ''})`;
    throw new KeyError(
      `${paths[index] ?? name}: the key of ${first}`,
      'keep one file for each key',
    );
  }
  return { keys, paths };
};

/** One key of a keyring from the text of its file. */
const parseKey = (text: string, path: string): KeyringEntry => {
  const start = text.indexOf(begin);
  const stop = text.indexOf(end);
  if (start < 0 || stop < start) {
    throw new KeyError(`${path}: no ${begin}`, 'a keyring holds what keygen calls .pub');
  }
  const key = Buffer.from(publicKeyFrom(text.slice(start, stop + end.length), path)).toString(
    'hex',
  );
  let entry: KeyringEntry = { name: basename(path).replace(/\.pub$/u, ''), key };
  for (const [index, line] of text.slice(0, start).split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const word = line.slice(0, Math.max(colon, 0)).trim();
    const value = line.slice(colon + 1).trim();
    entry = { ...entry, ...said(word, value, `${path}:${index + 1}`) };
  }
  return entry;
};

/** What one line in front of a key says. */
const said = (word: string, value: string, where: string): Partial<KeyringEntry> => {
  if (value === '') throw new KeyError(`${where}: nothing behind the colon`, 'write name: value');
  switch (word) {
    case 'name':
      return { name: value };
    case 'devices':
      return { devices: value.split(',').map((device) => device.trim()) };
    case 'expires': {
      const expires = timeOf(value);
      if (expires !== undefined) return { expires };
      throw new KeyError(
        `${where}: ${JSON.stringify(value)} is no time`,
        'write 2027-01-31T00:00:00Z',
      );
    }
    case 'revoked':
      return { revoked: value };
    default:
      throw new KeyError(
        `${where}: ${JSON.stringify(word)} is not known`,
        'known are name, devices, expires and revoked',
      );
  }
};
