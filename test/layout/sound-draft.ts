import type { GeneratorValue } from 'fast-check';
import fc from 'fast-check';

import type { Draft } from '../../src/layout/draft.ts';
import { roleOf, type Layout, type StructLayout, type UintLayout } from '../../src/layout/types.ts';

/** Values chosen so far by field name; undefined for a field that the builder derives. */
type Scope = Map<string, string | undefined>[];

/** Drafts that say nothing wrong: what has one right value is left to the builder. */
export const soundDraft = (layout: Layout): fc.Arbitrary<Draft> =>
  fc.gen().map((g) => {
    if (layout.kind !== 'repeat') return draftOf(g, layout, []) ?? {};
    const count = g(fc.integer, { min: 1, max: 4 });
    return Array.from({ length: count }, () => draftOf(g, layout.element, []) ?? {});
  });

const draftOf = (g: GeneratorValue, layout: Layout, scope: Scope): Draft | undefined => {
  switch (layout.kind) {
    case 'uint':
      return uintDraft(g, layout);
    case 'text':
      return undefined;
    case 'bytes': {
      if (layout.zero === true) return undefined;
      const length =
        typeof layout.size === 'number' ? layout.size : g(fc.integer, { min: 0, max: 40 });
      // Long ones cost more to draw than they tell.
      if (length > 256) return new Uint8Array(length).fill(g(fc.nat, 255));
      return g(fc.uint8Array, { minLength: length, maxLength: length });
    }
    case 'struct':
      return structDraft(g, layout, scope);
    case 'array': {
      // A count that is not stated is derived from the list, which may then have any length.
      const stated = typeof layout.count === 'string' ? Number(lookUp(scope, layout.count)) : 0;
      const free = stated > 0 ? stated : g(fc.nat, 3);
      const count = typeof layout.count === 'number' ? layout.count : free;
      return Array.from({ length: count }, () => elementOf(g, layout.element, scope));
    }
    case 'repeat':
      return Array.from({ length: g(fc.nat, 3) }, () => elementOf(g, layout.element, scope));
    case 'framed':
      return draftOf(g, layout.inner, scope);
    case 'choice': {
      const key = lookUp(scope, layout.by);
      const shape = key === undefined ? undefined : layout.cases[key];
      if (key !== undefined) return draftOf(g, shape ?? layout.otherwise, scope);
      // The selector will be derived from what is chosen here, so any of its sizes does.
      const size = Number(pick(g, Object.keys(layout.cases)));
      return g(fc.uint8Array, { minLength: size, maxLength: size });
    }
    case 'when':
      return g(fc.boolean) ? draftOf(g, layout.inner, scope) : undefined;
    case 'lazy':
      return draftOf(g, layout.get(), scope);
  }
};

const pick = <T>(g: GeneratorValue, options: readonly T[]): T =>
  options[g(fc.nat, options.length - 1)]!;

/** A list names each of its elements, also those that would otherwise be derived. */
const elementOf = (g: GeneratorValue, layout: Layout, scope: Scope): Draft =>
  draftOf(g, layout.kind === 'when' ? layout.inner : layout, scope) ??
  (layout.kind === 'uint' ? 0n : {});

const structDraft = (g: GeneratorValue, layout: StructLayout, outer: Scope): Draft => {
  const own = new Map<string, string | undefined>();
  const scope = [own, ...outer];
  const draft: Record<string, Draft> = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    const value = isSelector(layout, name, field)
      ? pick(g, [...selections(layout, name), 'other'])
      : draftOf(g, field, scope);
    if (field.kind === 'uint' || field.kind === 'text') own.set(name, keyOf(field, value));
    if (value !== undefined) draft[name] = value;
  }
  return draft;
};

/** A text field that selects what follows takes one of the names that the struct knows. */
const isSelector = (layout: StructLayout, name: string, field: Layout): boolean =>
  field.kind === 'text' && selections(layout, name).length > 0;

const selections = (layout: StructLayout, by: string): readonly string[] =>
  Object.values(layout.fields).flatMap((field) => {
    const inner = field.kind === 'framed' ? field.inner : field;
    return inner.kind === 'choice' && inner.by === by ? Object.keys(inner.cases) : [];
  });

const uintDraft = (g: GeneratorValue, layout: UintLayout): Draft | undefined => {
  for (const role of layout.roles ?? []) {
    switch (role.is) {
      case 'magic':
        return undefined;
      case 'version':
        return pick(g, role.supported);
      case 'one-of':
        return pick(g, role.values);
      case 'reserved':
      case 'padding':
      case 'length-of':
      case 'offset-of':
      case 'checksum-of':
        return undefined;
      case 'count-of':
        if (roleOf(layout, 'within') === undefined) return undefined;
        break;
      case 'index-into':
        return g(fc.bigInt, { min: 0n, max: BigInt(role.size - 1) });
      case 'within':
        return g(fc.bigInt, { min: role.min, max: role.max });
      case 'iova': {
        const align = role.align ?? 1n;
        return g(fc.bigInt, { min: 0n, max: (1n << 64n) / align - 1n }) * align;
      }
      default:
        break;
    }
  }
  if (layout.names !== undefined) return pick(g, Object.keys(layout.names));
  const limit = 1n << BigInt(layout.bits);
  const defined = Object.values(layout.flags ?? {}).reduce(
    (bits, bit) => bits | (1n << BigInt(bit)),
    0n,
  );
  const value = g(fc.bigInt, { min: 0n, max: limit - 1n });
  return layout.flags === undefined ? value : value & defined;
};

/** The key by which a choice would find this field's value; undefined while it is to be derived. */
const keyOf = (
  field: UintLayout | Extract<Layout, { kind: 'text' }>,
  value: Draft | undefined,
): string | undefined => {
  if (value === undefined) {
    if (field.kind === 'text' || roleOf(field, 'length-of') !== undefined) return undefined;
    const first = roleOf(field, 'magic')?.values[0] ?? 0n;
    return nameIn(field, first);
  }
  if (typeof value === 'bigint' && field.kind === 'uint') return nameIn(field, value);
  return typeof value === 'string' ? value : undefined;
};

const nameIn = ({ names = {} }: UintLayout, value: bigint): string =>
  Object.entries(names).find(([, number]) => number === value)?.[0] ?? value.toString();

const lookUp = (scope: Scope, name: string): string | undefined =>
  scope.find((level) => level.has(name))?.get(name);
