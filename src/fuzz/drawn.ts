import type { Layout } from '../layout/types.ts';
import { offersOf, type Offer } from './proposals.ts';
import type { Random } from './random.ts';
import type { Library, Skeleton } from './skeleton.ts';

/** How often each mutator is drawn: by what has paid on restore code, never by vendor. */
const weights: Readonly<Record<string, number>> = {
  'length-boundary': 14,
  'count-boundary': 10,
  'offset-boundary': 10,
  'range-boundary': 12,
  'known-value': 10,
  'bit-flip': 6,
  'address-boundary': 5,
  'plain-number': 12,
  'text-value': 5,
  'payload-size': 14,
  'payload-content': 4,
  'record-order': 16,
  'new-record': 10,
  'leaf-to-children': 6,
  'nested-deep': 2,
  'coupled-wrap': 10,
  'cut-at-boundary': 8,
};

/** A shape of the format: each bank of registers is of one kind with the others. */
type Kind = Layout | 'gap';

/** The offers of a seed, ready to be drawn. */
interface Table {
  /** By mutator, each as often as its weight says; in each, the offers by kind of part. */
  readonly byMutator: readonly (readonly (readonly Offer[])[])[];
  /** By kind of part; in each, the offers as often as their mutators' weights say. */
  readonly byKind: ReadonlyMap<Kind, readonly Offer[]>;
}

const tables = new WeakMap<Skeleton, Table>();

const tableOf = (skeleton: Skeleton): Table => {
  const known = tables.get(skeleton);
  if (known !== undefined) return known;
  const byMutator: (readonly (readonly Offer[])[])[] = [];
  const byKind = new Map<Kind, Offer[]>();
  for (const [id, offers] of offersOf(skeleton)) {
    const weight = weights[id] ?? 1;
    const kinds = new Map<Kind, Offer[]>();
    for (const offer of offers) {
      const { layout } = offer.part;
      listIn(kinds, layout).push(offer);
      const all = listIn(byKind, layout);
      for (let turn = 0; turn < weight; turn += 1) all.push(offer);
    }
    const grouped = [...kinds.values()];
    for (let turn = 0; turn < weight; turn += 1) byMutator.push(grouped);
  }
  const made = { byMutator, byKind };
  tables.set(skeleton, made);
  return made;
};

const listIn = (map: Map<Kind, Offer[]>, kind: Kind): Offer[] => {
  const known = map.get(kind);
  if (known !== undefined) return known;
  const made: Offer[] = [];
  map.set(kind, made);
  return made;
};

/**
 * An offer of a seed. Each kind of part has the same chance, however often it stands there: a format
 * of a thousand equal registers has one length that matters.
 */
export const drawnOffer = (random: Random, skeleton: Skeleton, kind?: Kind): Offer | undefined => {
  const { byMutator, byKind } = tableOf(skeleton);
  const offers = kind === undefined ? undefined : byKind.get(kind);
  if (offers !== undefined) return random.pick(offers);
  const kinds = random.pick(byMutator);
  const group = kinds === undefined ? undefined : random.pick(kinds);
  return group === undefined ? undefined : random.pick(group);
};

interface Kinds {
  readonly kinds: readonly Kind[];
  readonly seeds: ReadonlyMap<Kind, readonly Skeleton[]>;
}

const known = new WeakMap<Library, Kinds>();

const kindsOf = (library: Library): Kinds => {
  const before = known.get(library);
  if (before !== undefined) return before;
  const seeds = new Map<Kind, Skeleton[]>();
  for (const seed of library.seeds) {
    for (const kind of new Set(seed.parts.map(({ layout }) => layout))) {
      const all = seeds.get(kind);
      if (all === undefined) seeds.set(kind, [seed]);
      else all.push(seed);
    }
  }
  const made = { kinds: [...seeds.keys()], seeds };
  known.set(library, made);
  return made;
};

/** A seed, and the kind of part that it was drawn for. */
interface DrawnSeed {
  readonly skeleton: Skeleton | undefined;
  readonly kind: Kind | undefined;
}

/**
 * Every other time any seed, and else one that has a certain kind of part, so that what one seed alone
 * has is not lost among the others. Of two the much smaller one: a large one costs a target as much
 * as many small ones.
 */
export const drawnSeed = (random: Random, library: Library): DrawnSeed => {
  const { kinds, seeds } = kindsOf(library);
  const kind = random.oneIn(2) ? random.pick(kinds) : undefined;
  const from = (kind === undefined ? undefined : seeds.get(kind)) ?? library.seeds;
  const one = random.pick(from);
  const other = random.pick(from);
  if (one === undefined || other === undefined) return { skeleton: one, kind };
  const large = one.bytes.length > LARGE_SEED && one.bytes.length > 4 * other.bytes.length;
  return { skeleton: large ? other : one, kind };
};

const LARGE_SEED = 1 << 14;
