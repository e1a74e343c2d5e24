import { createHash } from 'node:crypto';
import type { Rule } from '../rules/rule.ts';

/** Digest over every rule of a run: its name, severity and text. Two runs with the same one asked the same. */
export const rulesDigest = (rules: readonly Rule[]): string => {
  const hash = createHash('sha256');
  for (const { id, severity, confidence, title, rationale, advice } of rules) {
    hash.update([id, severity, confidence, title, rationale, advice].join('\0'));
    hash.update('\0');
  }
  return hash.digest('hex');
};
