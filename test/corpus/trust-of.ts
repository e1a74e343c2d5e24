import { join } from 'node:path';
import type { CorpusEntry } from '../../src/corpus/manifest.ts';
import type { Trust } from '../../src/rules/trust.ts';
import { readKeyring } from '../../src/trust/keyring.ts';

/** What an entry of a corpus folder says that the destination believes. */
export const trustOf = (folder: string, entry: CorpusEntry): Trust | undefined => {
  const said = entry.with?.trust;
  if (said === undefined) return undefined;
  const { keyring, threshold, now, identity, seen } = said;
  return {
    ...(keyring === undefined ? {} : { keys: readKeyring(join(folder, keyring)).keys }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(now === undefined ? {} : { now }),
    ...(identity === undefined ? {} : { identity }),
    ...(seen === undefined ? {} : { seen: () => seen }),
  };
};
