import type { Layout } from '../layout/types.ts';
import { mutators } from './mutators/index.ts';
import type { Mutator, Proposal } from './mutators/mutator.ts';
import type { Part, Skeleton } from './skeleton.ts';

/** What one mutator proposes for one part of a seed. */
export interface Offer {
  readonly mutator: Mutator;
  readonly part: Part;
  readonly proposals: readonly Proposal[];
}

/** Elements of a long list that are looked at; the others are like them, but for the first of each shape. */
const MOST_ELEMENTS = 6;
const MOST_SHAPES = 32;
/** Parts of one seed that are looked at. */
const MOST_PARTS = 4096;

const known = new WeakMap<Skeleton, ReadonlyMap<string, readonly Offer[]>>();

/** Every proposal for a seed, by mutator; made when a seed is first used, and once. */
export const offersOf = (skeleton: Skeleton): ReadonlyMap<string, readonly Offer[]> => {
  const before = known.get(skeleton);
  if (before !== undefined) return before;
  const parts = tellingParts(skeleton);
  const offers = new Map<string, readonly Offer[]>();
  for (const mutator of mutators) {
    const own = parts.flatMap((part) => {
      const proposals = mutator.propose(part, skeleton);
      return proposals.length === 0 ? [] : [{ mutator, part, proposals }];
    });
    if (own.length > 0) offers.set(mutator.id, own);
  }
  known.set(skeleton, offers);
  return offers;
};

/** Parts without those inside the middle of long lists, where these are of a shape that stood before. */
const tellingParts = (skeleton: Skeleton): readonly Part[] => {
  const { parts } = skeleton;
  const telling: Part[] = [];
  const shapes = new Map<Part | undefined, Set<string>>();
  for (let at = 0; at < parts.length && telling.length < MOST_PARTS;) {
    const part = parts[at];
    if (part === undefined) break;
    if (isTelling(part) || (part.element && isFirst(skeleton, part, shapes))) {
      telling.push(part);
      at += 1;
    } else {
      at = part.end;
    }
  }
  return telling;
};

const isFirst = (
  skeleton: Skeleton,
  part: Part,
  shapes: Map<Part | undefined, Set<string>>,
): boolean => {
  const known = shapes.get(part.parent) ?? new Set<string>();
  shapes.set(part.parent, known);
  const shape = shapeOf(skeleton, part);
  if (known.has(shape) || known.size === MOST_SHAPES) return false;
  known.add(shape);
  return true;
};

const numbers = new WeakMap<Layout, number>();
let numbered = 0;

const numberOf = (layout: Layout): number => {
  const known = numbers.get(layout);
  if (known !== undefined) return known;
  numbered += 1;
  numbers.set(layout, numbered);
  return numbered;
};

/** Which layouts a part consists of, however often, and which of their named values it has. */
const shapeOf = ({ parts }: Skeleton, { index, end }: Part): string => {
  const words = new Set<string>();
  for (const { layout, value } of parts.slice(index, end)) {
    if (layout === 'gap') words.add('gap');
    else if (layout.kind !== 'uint' || layout.names === undefined) words.add(`${numberOf(layout)}`);
    else words.add(`${numberOf(layout)}=${value}`);
  }
  return [...words].join(' ');
};

const isTelling = (part: Part): boolean => {
  const elements = part.element ? (part.parent?.children ?? []) : [];
  if (elements.length <= MOST_ELEMENTS) return true;
  const first = elements[0]?.index ?? 0;
  // Elements of one shape have as many descendants, so places are told by counting where they do.
  const place = elements.length === 0 ? 0 : elements.indexOf(part);
  return (
    part.index === first ||
    place < 3 ||
    place === elements.length >> 1 ||
    place >= elements.length - 2
  );
};
