import { build, DraftError } from '../../layout/build.ts';
import type { Draft } from '../../layout/draft.ts';
import type { Layout, StructLayout } from '../../layout/types.ts';
import { selectionsOf, type Selected } from '../drafts.ts';
import type { Mutator, Proposal } from './mutator.ts';

/** Where counters of levels and stacks end. */
const DEPTHS = [4, 8, 9, 16, 17, 32, 33, 64, 65, 128, 256, 512, 1024, 4096];
const MOST_BYTES = 1 << 16;
/** Levels that are built in one go: what is inside is copied once for all of them. */
const AT_ONCE = 64;

/** Elements that may stand in an element of their own kind do, level by level, with nothing in the last. */
export const nestedDeep: Mutator = {
  id: 'nested-deep',
  propose: ({ element, declared, path }) =>
    element && declared !== undefined
      ? towersOf(declared).map((draft): Proposal => [
          { kind: 'build', field: path, place: 'before', draft },
        ])
      : [],
};

const known = new WeakMap<Layout, readonly Uint8Array[]>();

const towersOf = (element: Layout): readonly Uint8Array[] => {
  const before = known.get(element);
  if (before !== undefined) return before;
  const towers = nestsOf(element).flatMap(([outer, inner]) => towersOfNest(element, outer, inner));
  known.set(element, towers);
  return towers;
};

/** A list in an element: what the element says of itself, the list's field, and what it is a list of. */
interface Nest {
  readonly fields: Readonly<Record<string, Draft>>;
  readonly list: string;
  readonly element: Layout;
}

/** Lists in an element whose elements have such a list again. */
function nestsOf(element: Layout): readonly (readonly [outer: Nest, inner: Nest])[] {
  return listsIn(element).flatMap((outer) => {
    const inner = listsIn(outer.element).find((nest) => nest.element === outer.element);
    return inner === undefined ? [] : [[outer, inner] as const];
  });
}

const listsIn = (element: Layout): readonly Nest[] => {
  const struct = structOf(element);
  if (struct === undefined) return [];
  const plain: Selected = [{}, new Map()];
  return (selectionsOf(struct) ?? [plain]).flatMap(([fields, chosen]) =>
    Object.entries(struct.fields).flatMap(([list, field]): readonly Nest[] => {
      const shape = shapeOf(field, chosen);
      if (shape.kind !== 'array' && shape.kind !== 'repeat') return [];
      return [{ fields: withoutSizes(struct, fields), list, element: shape.element }];
    }),
  );
};

const MOST_FRAMES = 8;

const structOf = (layout: Layout): StructLayout | undefined => {
  let at = layout;
  for (let turn = 0; turn < MOST_FRAMES && at.kind !== 'struct'; turn += 1) {
    if (at.kind === 'lazy') at = at.get();
    else if (at.kind === 'framed') at = at.inner;
    else return undefined;
  }
  return at.kind === 'struct' ? at : undefined;
};

const shapeOf = (layout: Layout, chosen: ReadonlyMap<string, string>): Layout => {
  let at = layout;
  for (let turn = 0; turn < MOST_FRAMES; turn += 1) {
    if (at.kind === 'framed' || at.kind === 'when') at = at.inner;
    else if (at.kind === 'choice') {
      const key = chosen.get(at.by);
      const { cases, otherwise }: typeof at = at;
      at = (key !== undefined && Object.hasOwn(cases, key) ? cases[key] : undefined) ?? otherwise;
    } else break;
  }
  return at;
};

/** How much there is follows from what is there. */
const withoutSizes = (struct: StructLayout, fields: Nest['fields']): Nest['fields'] =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name]) =>
        !(struct.fields[name]?.roles ?? []).some(
          ({ is }) => is === 'count-of' || is === 'length-of',
        ),
    ),
  );

const towersOfNest = (element: Layout, outer: Nest, inner: Nest): readonly Uint8Array[] =>
  insidesOf(outer.element, inner).flatMap((inside) => levelOf(element, outer, [inside]) ?? []);

const insides = new WeakMap<Layout, readonly Uint8Array[]>();

/** An element with elements of its own kind in it: one level less than each of the depths, if not too long. */
const insidesOf = (element: Layout, nest: Nest): readonly Uint8Array[] => {
  const before = insides.get(element);
  if (before !== undefined) return before;
  const made: Uint8Array[] = [];
  // Where nothing says how long an empty list is, the innermost element has none.
  let inside = levelOf(element, nest, []) ?? builtAs(element, {});
  let levels = 1;
  for (const depth of DEPTHS) {
    while (inside !== undefined && levels < depth - 1) {
      const more = Math.min(AT_ONCE, depth - 1 - levels);
      inside = inside.length > MOST_BYTES ? undefined : levelsOf(element, nest, more, inside);
      levels += more;
    }
    if (inside !== undefined) made.push(inside);
  }
  insides.set(element, made);
  return made;
};

const levelsOf = (at: Layout, nest: Nest, levels: number, content: Draft) => {
  const inside = levels === 1 ? content : levelDraft(nest, levels - 1, content);
  return levelOf(at, nest, [inside]);
};

const levelDraft = ({ fields, list }: Nest, levels: number, content: Draft): Draft => {
  let draft = content;
  for (let level = 0; level < levels; level += 1) draft = { ...fields, [list]: [draft] };
  return draft;
};

const levelOf = (at: Layout, { fields, list }: Nest, content: readonly Draft[]) =>
  builtAs(at, { ...fields, [list]: content });

const builtAs = (layout: Layout, draft: Draft): Uint8Array | undefined => {
  try {
    return build(structOf(layout) ?? layout, draft).bytes;
  } catch (error) {
    if (error instanceof DraftError) return undefined;
    throw error;
  }
};
