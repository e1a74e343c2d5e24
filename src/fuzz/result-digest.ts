import type { Result } from '../targets/target.ts';
import { mix } from './edit-class.ts';
import { ranOut } from './signature.ts';

/**
 * Goes over what was run and what came of it, so that two runs can be told to be the same. Nothing
 * that differs from run to run on the same target (times, messages, how far it came before its time or
 * memory was over) is in it.
 */
export const resultDigest = (
  [a, b]: readonly [number, number],
  alike: number,
  { outcome, steps, saves }: Result,
): readonly [number, number] => {
  let hash = mix(a, alike);
  hash = mix(hash, outcome.kind.charCodeAt(0));
  if (ranOut(outcome)) return [hash >>> 0, mix(b ^ 0x5bd1e995, hash) >>> 0];
  for (const answer of steps) hash = mix(hash, answer ?? 0x7fff);
  for (const { length } of saves) hash = mix(hash, length);
  return [hash >>> 0, mix(b ^ 0x5bd1e995, hash) >>> 0];
};
