import { build, DraftError } from '../layout/build.ts';
import type { Draft } from '../layout/draft.ts';
import type { Layout } from '../layout/types.ts';
import type { Part } from './skeleton.ts';

export interface BuiltPart {
  readonly bytes: Uint8Array;
  /** How many elements, where the draft is a list. */
  readonly elements: number | undefined;
}

/** A draft as one kind of part holds it; undefined where it fits none of its cases. */
interface Made {
  readonly declared: Layout;
  readonly layout: Part['layout'];
  readonly built: BuiltPart | undefined;
}

/** What was built of a draft before, by the draft: plans of one parent share it. */
const known = new WeakMap<object, Made[]>();

/**
 * Builds a draft as a part's layout writes it. Where the layout is a choice, the draft says which case
 * is meant: the one that the seed has if it fits, else the first that fits. Undefined when none does.
 */
export const builtFor = (part: Part, draft: Draft): BuiltPart | undefined => {
  if (draft instanceof Uint8Array) return { bytes: draft, elements: undefined };
  const declared = part.declared ?? (part.layout === 'gap' ? undefined : part.layout);
  if (declared === undefined) return undefined;
  if (typeof draft !== 'object') return makePart(part, declared, draft);
  const before = known.get(draft) ?? [];
  known.set(draft, before);
  const { layout } = part;
  let made = before.find((one) => one.declared === declared && one.layout === layout);
  if (made === undefined) {
    made = { declared, layout, built: makePart(part, declared, draft) };
    before.push(made);
  }
  return made.built;
};

const makePart = ({ layout }: Part, declared: Layout, draft: Draft): BuiltPart | undefined => {
  const shapes = layout === 'gap' ? [] : [layout];
  for (const shape of [...shapes, ...casesOf(declared)]) {
    try {
      const { bytes } = build(shape, draft);
      return { bytes, elements: Array.isArray(draft) ? draft.length : undefined };
    } catch (error) {
      if (!(error instanceof DraftError)) throw error;
    }
  }
  return undefined;
};

const cases = new WeakMap<Layout, readonly Layout[]>();
const DEEPEST = 16;

/** The shapes that a declared layout may come to, frames and choices taken off. */
export const casesOf = (declared: Layout): readonly Layout[] => {
  const before = cases.get(declared);
  if (before !== undefined) return before;
  const found = [...new Set(unwrapped(declared, DEEPEST))];
  cases.set(declared, found);
  return found;
};

const unwrapped = (layout: Layout, depth: number): readonly Layout[] => {
  if (depth === 0) return [];
  switch (layout.kind) {
    case 'framed':
    case 'when':
      return unwrapped(layout.inner, depth - 1);
    case 'lazy':
      return unwrapped(layout.get(), depth - 1);
    case 'choice':
      return [...Object.values(layout.cases), layout.otherwise].flatMap((shape) =>
        unwrapped(shape, depth - 1),
      );
    default:
      return [layout];
  }
};
