import { build, DraftError } from '../layout/build.ts';
import type { Draft } from '../layout/draft.ts';
import { fieldOf } from '../layout/expression.ts';
import type { Condition, Layout, StructLayout, UintLayout } from '../layout/types.ts';

type Fields = Readonly<Record<string, Draft>>;
/** Keys of the selecting fields that are decided, by field name. */
type Chosen = ReadonlyMap<string, string>;

/** How far into nested shapes a draft says more than the builder would by itself. */
const DEEPEST = 8;
/** Variations of one shape; more of them tell little that is new. */
const MOST = 24;

const known = new WeakMap<Layout, readonly Draft[]>();

/**
 * Drafts of one shape, from the layout alone, the plainest first: each covers what no earlier one
 * does. Each case of a choice and a kind that nobody knows, lists with elements and without, what
 * may be absent there and not there.
 */
export const variationsOf = (layout: Layout): readonly Draft[] => {
  const before = known.get(layout);
  if (before !== undefined) return before;
  const all = variants(layout, new Map(), DEEPEST).flatMap((draft) =>
    draft !== undefined && isBuildable(layout, draft) ? [draft] : [],
  );
  known.set(layout, all);
  return all;
};

const isBuildable = (layout: Layout, draft: Draft): boolean => {
  try {
    build(layout, draft);
    return true;
  } catch (error) {
    if (error instanceof DraftError) return false;
    throw error;
  }
};

/** Undefined stands for what the builder puts where a draft says nothing. */
const variants = (
  layout: Layout,
  chosen: Chosen,
  depth: number,
): readonly (Draft | undefined)[] => {
  if (depth === 0) return [undefined];
  switch (layout.kind) {
    case 'uint': {
      // A kind that may be passed over, and one that must be understood.
      const [flag] = Object.values(layout.flags ?? {});
      return flag === undefined ? [undefined] : [undefined, 1n << BigInt(flag)];
    }
    case 'text':
      return [undefined];
    case 'bytes':
      if (layout.size !== undefined) return [undefined];
      return [layout.zero === true ? new Uint8Array(8) : sampleBytes(8), sampleBytes(0)];
    case 'struct':
      return structVariants(layout, chosen, depth - 1);
    case 'array':
      if (typeof layout.count === 'number') return [undefined];
      return listVariants(layout.element, chosen, depth - 1);
    case 'repeat':
      return listVariants(layout.element, chosen, depth - 1);
    case 'framed':
      return variants(layout.inner, chosen, depth - 1);
    case 'choice': {
      const key = chosen.get(layout.by);
      const shape =
        key === undefined || !Object.hasOwn(layout.cases, key) ? undefined : layout.cases[key];
      return variants(shape ?? layout.otherwise, chosen, depth - 1);
    }
    case 'when':
      return [...variants(layout.inner, chosen, depth - 1).slice(0, 2)];
    case 'lazy':
      return variants(layout.get(), chosen, depth - 1);
  }
};

const sampleBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => 0xa0 + index);

/** One of each kind in a row, a list of one, an empty one, and one of two that are the same. */
const listVariants = (element: Layout, chosen: Chosen, depth: number): readonly Draft[] => {
  const kinds = variants(element, chosen, depth).slice(0, MOST);
  const each = kinds.map((draft) => draft ?? emptyOf(element));
  const [first] = each;
  if (first === undefined) return [[]];
  return each.length > 1 ? [[first], [], each, [first, first]] : [[first], [], [first, first]];
};

/** A list names each of its elements, also one of which there is nothing to say. */
const emptyOf = (layout: Layout): Draft => (layout.kind === 'uint' ? 0n : {});

/** The values of the first field that selects, with what is chosen by each; none where nothing selects. */
export const selectionsOf = (layout: StructLayout): readonly Selected[] | undefined => {
  for (const [name, field] of Object.entries(layout.fields)) {
    const keys = keysOf(layout, name);
    if (keys.length > 0) return selectorOf(name, field, keys);
  }
  return undefined;
};

const structVariants = (layout: StructLayout, outer: Chosen, depth: number): readonly Draft[] => {
  const selector = selectionsOf(layout);
  // Of several selecting fields the first is tried with each key, the others with what is usual.
  if (selector === undefined) return fieldVariants(layout, {}, outer, depth);
  return selector.flatMap(([fields, chosen], place) => {
    const all = fieldVariants(layout, fields, new Map([...outer, ...chosen]), depth);
    return place === 0 ? all : all.slice(0, 3);
  });
};

/** The plainest draft of each field, and each other draft of one field beside them. */
const fieldVariants = (
  layout: StructLayout,
  given: Fields,
  chosen: Chosen,
  depth: number,
): readonly Fields[] => {
  const plain: Record<string, Draft> = { ...given };
  const others: [string, Draft | undefined][] = [];
  for (const [name, field] of Object.entries(layout.fields)) {
    if (Object.hasOwn(given, name)) continue;
    const [first, ...rest] = variants(field, chosen, depth);
    if (field.kind === 'when') {
      others.push([name, first ?? emptyOf(field.inner)]);
      if ('field' in field.condition) plain[field.condition.field] ??= unmet(field.condition);
      continue;
    }
    if (first !== undefined) plain[name] = first;
    for (const draft of rest) others.push([name, draft]);
  }
  const all: Fields[] = [sized(layout, plain)];
  for (const [name, draft] of others.slice(0, MOST)) {
    const { [name]: _, ...rest } = plain;
    const field = layout.fields[name];
    const met = field?.kind === 'when' ? metBy(field.condition) : {};
    all.push(sized(layout, { ...rest, ...(draft === undefined ? {} : { [name]: draft }), ...met }));
  }
  return all;
};

/** A value with which a condition does not hold. */
const unmet = (condition: Exclude<Condition, { remaining: number }>): Draft => {
  if (!('is' in condition)) return 0n;
  return condition.is.includes(0n) ? 0xffn : 0n;
};

const metBy = (condition: Condition): Fields => {
  if ('remaining' in condition) return {};
  if ('is' in condition) return { [condition.field]: condition.is[0] ?? 0n };
  if ('atLeast' in condition) return { [condition.field]: condition.atLeast };
  return { [condition.field]: 1n << BigInt(condition.bit) };
};

/** States the lengths that the builder cannot derive: those that count words. */
const sized = (layout: StructLayout, fields: Fields): Fields => {
  const stated: Record<string, Draft> = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    const draft = fields[name];
    if (field.kind !== 'framed' || typeof field.size !== 'object' || draft === undefined) continue;
    const { times = 1, plus = 0 } = field.size;
    const owner = fieldOf(field.size);
    const length = draft instanceof Uint8Array ? draft.length : undefined;
    if (owner === undefined || length === undefined || times === 0) continue;
    stated[owner] = BigInt(Math.max(Math.floor((length - plus) / times), 0));
  }
  return { ...stated, ...fields };
};

/** The keys by which choices in a struct look at one of its fields. */
export const keysOf = (struct: StructLayout, by: string): readonly string[] => {
  const keys = new Set<string>();
  const collect = (layout: Layout, depth: number): void => {
    if (depth === 0) return;
    if (layout.kind === 'framed' || layout.kind === 'when') collect(layout.inner, depth - 1);
    else if (layout.kind === 'choice') {
      if (layout.by === by) for (const key of Object.keys(layout.cases)) keys.add(key);
      for (const shape of Object.values(layout.cases)) collect(shape, depth - 1);
      collect(layout.otherwise, depth - 1);
    }
  };
  for (const field of Object.values(struct.fields)) collect(field, 6);
  return [...keys];
};

export type Selected = readonly [Fields, Chosen];

/** A selecting field with each of its keys, and with one that no case has. */
const selectorOf = (name: string, field: Layout, keys: readonly string[]): readonly Selected[] => {
  const given = keys.flatMap((key): readonly Selected[] => {
    const value = field.kind === 'uint' ? numberFor(field, key) : key;
    return value === undefined ? [] : [[{ [name]: value }, new Map([[name, key]])]];
  });
  const strange = field.kind === 'uint' ? strangeNumber(field) : 'other';
  return [...given, [{ [name]: strange }, new Map([[name, '']])]];
};

const numberFor = (field: UintLayout, key: string): bigint | undefined => {
  const named = field.names !== undefined && Object.hasOwn(field.names, key);
  if (named) return field.names[key];
  return /^\d{1,20}$/u.test(key) ? BigInt(key) : undefined;
};

const strangeNumber = ({ bits, names = {} }: UintLayout): bigint => {
  const highest = Object.values(names).reduce((most, each) => (each > most ? each : most), 0n);
  return BigInt.asUintN(bits, highest + 0x3fn);
};
