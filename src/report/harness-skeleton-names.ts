import type { Expr, Layout, UintLayout } from '../layout/types.ts';

/** Words that C keeps for itself, and names that the skeleton needs. */
const RESERVED = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if ' +
    'inline int long register restrict return short signed sizeof static struct switch typedef ' +
    'union unsigned void volatile while bool true false to device reader number size rest'
  ).split(' '),
);

/** A name of a format as one of C. */
export const identifier = (name: string): string => {
  const word = name.replace(/[^A-Za-z0-9_]/gu, '_').slice(0, 60);
  return RESERVED.has(word) || !/^[A-Za-z]/u.test(word) ? `field_${word}` : word;
};

/** Text of a format file in a comment, which it must not end. */
export const comment = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]/gu, ' ')
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
    .trim()
    .slice(0, 200);

/** Bytes in a string of C; what is no letter or digit as three octal digits. */
export const quoted = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /^[A-Za-z0-9_ .-]$/u.test(letter) ? letter : `\\${byte.toString(8).padStart(3, '0')}`;
    })
    .join('');

export const literal = (value: bigint): string => `UINT64_C(0x${value.toString(16)})`;

/** What lengths, choices and conditions of a layout look at. */
export interface LookedAt {
  /** Names of the fields. */
  readonly looked: Set<string>;
  /** The layout of each number of the format, by its name. */
  readonly numbers: Map<string, UintLayout>;
  /** The size of each text, by its name. */
  readonly texts: Map<string, number>;
}

export const lookedAtIn = (layout: Layout): LookedAt => {
  const into: LookedAt = { looked: new Set(), numbers: new Map(), texts: new Map() };
  note(into, layout, '', new Set());
  return into;
};

/** Notes which numbers are looked at, and the layout of each number. */
const note = (into: LookedAt, layout: Layout, name: string, done: Set<Layout>): void => {
  if (done.has(layout)) return;
  done.add(layout);
  const size = (expr: Expr | undefined): void => {
    if (typeof expr === 'string') into.looked.add(expr);
    else if (typeof expr === 'object') into.looked.add(expr.field);
  };
  switch (layout.kind) {
    case 'uint':
      if (!into.numbers.has(name)) into.numbers.set(name, layout);
      return;
    case 'text':
      into.texts.set(name, layout.size);
      return;
    case 'bytes': {
      size(layout.size);
      return;
    }
    case 'struct':
      for (const [field, inner] of Object.entries(layout.fields)) note(into, inner, field, done);
      return;
    case 'array':
      size(layout.count);
      {
        note(into, layout.element, '', done);
        return;
      }
    case 'repeat': {
      note(into, layout.element, '', done);
      return;
    }
    case 'framed':
      size(layout.size);
      {
        note(into, layout.inner, name, done);
        return;
      }
    case 'choice':
      into.looked.add(layout.by);
      for (const inner of Object.values(layout.cases)) note(into, inner, '', done);
      {
        note(into, layout.otherwise, '', done);
        return;
      }
    case 'when':
      if ('field' in layout.condition) into.looked.add(layout.condition.field);
      {
        note(into, layout.inner, name, done);
        return;
      }
    case 'lazy': {
      note(into, layout.get(), name, done);
      return;
    }
  }
};
