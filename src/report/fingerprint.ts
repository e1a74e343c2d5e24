import { createHash } from 'node:crypto';
import type { Finding } from '../finding/finding.ts';

/**
 * A name for each finding of one input that stays when unrelated bytes are put in or taken out: it
 * is made of the rule, the device and the field path, and of a count where these are the same.
 * Offsets, section numbers and values are left out, because they move.
 */
export const fingerprints = (findings: readonly Finding[]): readonly string[] => {
  const seen = new Map<string, number>();
  return findings.map(({ rule, device = '', at }) => {
    const key = [rule, device, at[0]?.path ?? ''].join('\0');
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return createHash('sha256').update(`${key}\0${count}`).digest('hex').slice(0, 32);
  });
};
