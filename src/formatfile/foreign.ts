import { roleText } from '../layout/describe.ts';
import type { Condition, Expr, Layout } from '../layout/types.ts';
import { FormatFileError } from './error.ts';

/** What both exports share: names in scope, types of their own, and what a field means in words. */

/** Words of the languages that no field may be called. */
const words = new Set(
  'if else while for fn struct union enum using import namespace in out this parent return match bitfield be le auto str bool char u8 u16 u32 u64 padding true false and or not'.split(
    ' ',
  ),
);

/** A name that neither language has a use for, in the letters that both take. */
export const foreignName = (name: string): string => {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9_]/gu, '_');
  const begun = /^[a-z]/u.test(plain) ? plain : `f_${plain}`;
  return words.has(begun) ? `${begun}_` : begun;
};

export interface Known {
  readonly name: string;
  readonly layout: Layout;
}

/** The fields that a type of the export has so far; the last frame is the innermost type. */
export type Frames = readonly Map<string, Known>[];

/** Adds a field to the innermost type under a name of its own. */
export const declare = (frames: Frames, field: string, layout: Layout): string => {
  const own = frames.at(-1);
  const taken = new Set([...(own?.values() ?? [])].map(({ name }) => name));
  let name = foreignName(field);
  while (taken.has(name)) name = `${name}_`;
  own?.set(field, { name, layout });
  return name;
};

/** How many types outwards a field is known, and as what. */
export const lookUp = (frames: Frames, field: string): Known & { readonly levels: number } => {
  for (let levels = 0; levels < frames.length; levels += 1) {
    const known = frames.at(-1 - levels)?.get(field);
    if (known !== undefined) return { ...known, levels };
  }
  throw new FormatFileError(
    `a type that contains itself reads the field ${field} around it`,
    'the other language cannot say that; repeat the field inside the type',
  );
};

/** Values of a field by the names that a choice or a condition uses for them. */
export const valueOf = (layout: Layout, key: string | bigint): bigint | string => {
  if (typeof key === 'bigint') return key;
  if (layout.kind === 'text') return key;
  if (layout.kind === 'when') return valueOf(layout.inner, key);
  const named = layout.kind === 'uint' ? layout.names : undefined;
  if (named !== undefined && Object.hasOwn(named, key)) return named[key] ?? key;
  return /^\d+$/u.test(key) ? BigInt(key) : key;
};

export const exprText = (expr: Expr, refer: (field: string) => string): string => {
  if (typeof expr === 'number') return `${expr}`;
  if (typeof expr === 'string') return refer(expr);
  const { field, times = 1, plus = 0 } = expr;
  const product = times === 1 ? refer(field) : `${refer(field)} * ${times}`;
  return plus === 0 ? product : `${product} ${plus < 0 ? '-' : '+'} ${Math.abs(plus)}`;
};

/** A condition over a field, with the operators that the language has for its parts. */
export const conditionText = (
  condition: Exclude<Condition, { remaining: number }>,
  { name, layout }: Known,
  or: string,
): string => {
  if ('is' in condition) {
    return condition.is.map((key) => `${name} == ${valueOf(layout, key)}`).join(` ${or} `);
  }
  if ('atLeast' in condition) return `${name} >= ${condition.atLeast}`;
  return `${name} / ${1n << BigInt(condition.bit)} % 2 == 1`;
};

/** One line on what a field is; empty when its name says all. */
export const meaning = (layout: Layout): string => {
  const names =
    layout.kind === 'uint' && layout.names !== undefined
      ? [
          Object.entries(layout.names)
            .map(([name, value]) => `${value} ${name}`)
            .join(', '),
        ]
      : [];
  const { roles = [], doc, driver } = layout;
  return [...roles.map(roleText), doc ?? '', ...names, driver ?? '']
    .filter((part) => part !== '')
    .join('; ');
};

/** Gives each layout that becomes a type of the export a name of its own. */
export const typeNamer = (): ((path: string) => string) => {
  const taken = new Set<string>();
  return (path) => {
    const base = foreignName(path);
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base}_${number}`;
    taken.add(name);
    return name;
  };
};
