import type { Outcome, Result } from '../targets/target.ts';
import { mix, text } from './edit-class.ts';

/** Time or memory was over; how far the execution had come is up to the machine, not to the target. */
export const ranOut = ({ kind }: Outcome): boolean => kind === 'hung' || kind === 'exhausted';

/**
 * What a black box shows of where an execution went: how it ended, what each kind of answer was, the
 * class of its message, and how long it took if that was very long. 32 bits.
 */
export const outcomeSignature = ({ outcome, steps, message }: Result, slow = 0): number => {
  let hash = text(0x811c9dc5, outcome.kind);
  switch (outcome.kind) {
    case 'rejected':
      hash = messageClass(hash, outcome.reason);
      break;
    case 'crashed':
      hash = text(hash, outcome.signal);
      for (const frame of outcome.stack.slice(0, 3)) hash = text(hash, frame);
      break;
    case 'exhausted':
      hash = text(hash, outcome.what);
      break;
    default:
      break;
  }
  // Runs of like answers count once: how many writes a cut makes is no news.
  let last = 1;
  for (const answer of ranOut(outcome) ? [] : steps) {
    const like = answer === undefined ? 2 : answer > 0 ? 1 : answer;
    if (like !== last) hash = mix(hash, like);
    last = like;
  }
  hash = messageClass(hash, message.length > LONGEST ? message.slice(0, LONGEST) : message);
  return mix(hash, slow) >>> 0;
};

const LONGEST = 512;

/** A message without its numbers: digits, and the letters of hexadecimal numbers, are one kind. */
const messageClass = (hash: number, value: string): number => {
  let mixed = hash;
  let number = false;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    const digit = code >= 0x30 && code <= 0x39;
    const letter =
      (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46) || code === 0x78;
    const inside: boolean = digit || (number && letter);
    if (!inside) mixed = mix(mixed, code);
    else if (!number) mixed = mix(mixed, 0x30);
    number = inside;
  }
  return mixed;
};

/** Nanoseconds that any machine may be busy with something else. */
const QUICK = 5_000_000;

/** How far a time lies above the typical one, in powers of 16; 0 for all that is usual. */
export const slowness = (nanoseconds: number, typical: number): number => {
  const floor = Math.max(typical, QUICK);
  let steps = 0;
  for (let limit = floor * 16; nanoseconds > limit && steps < 4; limit *= 16) steps += 1;
  return steps;
};
