import type { Form, Format, Likeness } from '../formats/format.ts';
import { writeUint } from '../layout/encode.ts';
import { roleOf, type Layout } from '../layout/types.ts';
import { Mistake, type KeyPath } from './error.ts';
import type { RecogniseShape } from './shapes.ts';

interface Pattern {
  readonly at: number;
  readonly bytes: Uint8Array;
}

type Recognise = Format['recognise'];

export interface Recognition {
  readonly recognise: Recognise;
  readonly marked: boolean;
  readonly forms?: readonly Form[];
}

/** How a format file says that its states are told; without a word, by the magic in its layout. */
export const readRecognition = (
  given: RecogniseShape | undefined,
  layout: Layout,
  path: KeyPath,
  builtin: (id: string) => Format | undefined,
): Recognition => {
  if (given === undefined) {
    const magics = leadingMagics(layout);
    return {
      recognise: byPatterns(
        magics.map((magic) => [magic]),
        [],
      ),
      marked: magics.length > 0,
    };
  }
  if ('builtin' in given) {
    const format = builtin(given.builtin);
    if (format !== undefined) {
      return {
        recognise: (head, size) => format.recognise(head, size),
        marked: format.marked,
        ...(format.forms === undefined ? {} : { forms: format.forms }),
      };
    }
    throw new Mistake(
      [...path, 'builtin'],
      `there is no built-in format ${given.builtin}`,
      'see: vstate-check formats',
    );
  }
  const patterns = given.magic.map(({ at, bytes, text }, index) => {
    if ((bytes === undefined) === (text === undefined)) {
      throw new Mistake([...path, 'magic', index], 'either bytes or text is needed', 'write one');
    }
    const raw =
      bytes === undefined ? Buffer.from(text ?? '') : Buffer.from(bytes.replaceAll(' ', ''), 'hex');
    return { at, bytes: new Uint8Array(raw) };
  });
  if (patterns.length === 0 && given.size === undefined) {
    throw new Mistake(path, 'nothing tells a state', 'give magic, size, or both');
  }
  return {
    recognise: byPatterns(patterns.length === 0 ? [] : [patterns], given.size ?? []),
    marked: patterns.length > 0,
  };
};

/** The values that the first field of a state must have. */
const leadingMagics = (layout: Layout): readonly Pattern[] => {
  if (layout.kind === 'struct') {
    const [first] = Object.values(layout.fields);
    return first === undefined ? [] : leadingMagics(first);
  }
  if (layout.kind === 'repeat') return leadingMagics(layout.element);
  if (layout.kind !== 'uint') return [];
  return (roleOf(layout, 'magic')?.values ?? []).map((value) => {
    const bytes = new Uint8Array(layout.bits / 8);
    writeUint(bytes, 0, bytes.length, value, layout.little);
    return { at: 0, bytes };
  });
};

const rank: readonly (Likeness | undefined)[] = ['certain', 'likely', 'damaged', undefined];

const byPatterns =
  (alternatives: readonly (readonly Pattern[])[], sizes: readonly number[]): Recognise =>
  (head, size) => {
    const sized = size !== undefined && sizes.includes(size);
    if (alternatives.length === 0) return sized ? 'likely' : undefined;
    const found = alternatives.map((patterns) => likeness(head, patterns));
    return rank.find((wanted) => wanted === undefined || found.includes(wanted));
  };

const likeness = (head: Uint8Array, patterns: readonly Pattern[]): Likeness | undefined => {
  let total = 0;
  let seen = 0;
  let equal = 0;
  let telling = 0;
  for (const { at, bytes } of patterns) {
    total += bytes.length;
    for (const [index, byte] of bytes.entries()) {
      const there = head[at + index];
      if (there !== undefined) seen += 1;
      if (there !== byte) continue;
      equal += 1;
      // Zeros stand everywhere: that one is where a magic has one tells nothing.
      if (byte !== 0) telling += 1;
    }
  }
  if (equal === total) return total >= 4 ? 'certain' : 'likely';
  if (equal === seen && telling > 0) return 'likely';
  return total >= 4 && telling >= 3 && 2 * equal >= total ? 'damaged' : undefined;
};
