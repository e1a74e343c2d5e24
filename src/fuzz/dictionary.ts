import { keysOf } from './drafts.ts';
import type { Layout } from '../layout/types.ts';

/** Words of one dictionary; a layout that has more says the rest in its proposals. */
const MOST_WORDS = 512;

/**
 * Bytes that a reader of a layout compares with: magics, versions, tags and names, in the byte order
 * of their fields, and the texts that select something.
 */
export const dictionaryOf = (layout: Layout): readonly Uint8Array[] => {
  const words = new Map<string, Uint8Array>();
  const add = (word: Uint8Array): void => {
    const key = Buffer.from(word).toString('hex');
    if (words.size < MOST_WORDS && word.length > 0) words.set(key, word);
  };
  const seen = new Set<Layout>();
  const visit = (shape: Layout): void => {
    if (seen.has(shape)) return;
    seen.add(shape);
    switch (shape.kind) {
      case 'uint': {
        const { bits, little, names = {}, roles = [] } = shape;
        const listed = roles.flatMap((role) => {
          if (role.is === 'magic' || role.is === 'one-of') return role.values;
          return role.is === 'version' ? role.supported : [];
        });
        for (const value of [...listed, ...Object.values(names)]) {
          add(wordOf(value, bits / 8, little));
        }
        return;
      }
      case 'struct':
        for (const [name, field] of Object.entries(shape.fields)) {
          visit(field);
          if (field.kind !== 'text') continue;
          for (const key of keysOf(shape, name)) add(new TextEncoder().encode(key));
        }
        return;
      case 'array':
      case 'repeat':
        visit(shape.element);
        return;
      case 'framed':
      case 'when':
        visit(shape.inner);
        return;
      case 'choice':
        for (const inner of [...Object.values(shape.cases), shape.otherwise]) visit(inner);
        return;
      case 'lazy':
        visit(shape.get());
        return;
      case 'text':
      case 'bytes':
    }
  };
  visit(layout);
  return [...words.values()];
};

const wordOf = (value: bigint, size: number, little: boolean): Uint8Array => {
  const word = Uint8Array.from({ length: size }, (_, at) =>
    Number((value >> BigInt(8 * at)) & 0xffn),
  );
  return little ? word : word.reverse();
};

/** A dictionary as AFL++ and libFuzzer read it, one word a line. */
export const aflDictionary = (words: readonly Uint8Array[]): string =>
  words
    .map((word) => {
      const escaped = [...word].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`);
      return `"${escaped.join('')}"\n`;
    })
    .join('');
