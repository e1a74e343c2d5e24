import { guidedEdit, type Hints } from './guided-edit.ts';
import { drawnOffer, drawnSeed } from './drawn.ts';
import type { Offer } from './proposals.ts';
import { plainSession, type Edit, type Plan, type Repair } from './plan.ts';
import { keepSize } from './keep-size.ts';
import type { Random } from './random.ts';
import { randomSession, type SessionAbilities } from './random-session.ts';
import type { Library, Part, Skeleton } from './skeleton.ts';

const noHints: Hints = { dictionary: [], operands: [] };

/** Edits of one plan; more of them hide each other. */
const MOST_EDITS = 8;

/**
 * One plan to try, drawn from the seeds of a library or made from a parent that found something new.
 * The same numbers, library, parent and hints give the same plan.
 */
export const randomPlan = (
  random: Random,
  library: Library,
  parent?: Plan,
  hints: Hints = noHints,
  abilities?: SessionAbilities,
): Plan => {
  const from = parent === undefined ? undefined : library.get(parent.seed);
  const drawn = from === undefined ? drawnSeed(random, library) : undefined;
  const skeleton = from ?? drawn?.skeleton;
  if (skeleton === undefined) throw new Error('a library without seeds has no plans');
  if (parent === undefined || from === undefined) {
    const session = random.oneIn(4)
      ? randomSession(random, library, skeleton, abilities)
      : plainSession;
    // Good states that follow each other are an attack of their own.
    const unedited = session !== plainSession && random.oneIn(8);
    const offer = drawn?.kind === undefined ? undefined : drawnOffer(random, skeleton, drawn.kind);
    const first = offer === undefined ? undefined : drawnFrom(random, offer);
    const edits = unedited ? [] : newEdits(random, library, skeleton, hints, first);
    const repair = randomRepair(random, skeleton);
    return keepSize(random, library, skeleton, { seed: skeleton.digest, edits, repair, session });
  }
  const changed = changedPlan(random, library, skeleton, parent, hints, abilities);
  return keepSize(random, library, skeleton, changed);
};

const newEdits = (
  random: Random,
  library: Library,
  skeleton: Skeleton,
  hints: Hints,
  first?: readonly Edit[],
): readonly Edit[] => {
  const edits = [...(first ?? randomEdits(random, library, skeleton, hints))];
  while (edits.length < MOST_EDITS && random.oneIn(3)) {
    edits.push(...randomEdits(random, library, skeleton, hints));
  }
  return edits;
};

/** A parent with one thing changed: mostly an edit more. */
const changedPlan = (
  random: Random,
  library: Library,
  skeleton: Skeleton,
  parent: Plan,
  hints: Hints,
  abilities: SessionAbilities | undefined,
): Plan => {
  const turn = random.below(16);
  if (turn === 0) return { ...parent, repair: randomRepair(random, skeleton) };
  if (turn <= 2) return { ...parent, session: randomSession(random, library, skeleton, abilities) };
  const { edits } = parent;
  const added = newEdits(random, library, skeleton, hints);
  if (edits.length === 0 || (turn <= 11 && edits.length < MOST_EDITS)) {
    return { ...parent, edits: [...edits, ...added] };
  }
  const place = random.below(edits.length);
  const kept = edits.filter((_, at) => at !== place);
  if (turn <= 13 || edits.length === 1) return { ...parent, edits: [...kept, ...added] };
  return { ...parent, edits: kept };
};

const randomEdits = (
  random: Random,
  library: Library,
  skeleton: Skeleton,
  hints: Hints,
): readonly Edit[] => {
  if (hints.operands.length + hints.dictionary.length > 0 && random.oneIn(4)) {
    const guided = guidedEdit(random, skeleton, hints);
    if (guided !== undefined) return [guided];
  }
  const turn = random.below(32);
  if (turn === 0 || skeleton.parts.length === 0) return [randomBytes(random, skeleton)];
  if (turn <= 2) {
    const spliced = randomSplice(random, library, skeleton);
    if (spliced !== undefined) return [spliced];
  }
  if (turn <= 4) {
    const set = randomSet(random, skeleton);
    if (set !== undefined) return [set];
  }
  const offer = drawnOffer(random, skeleton);
  const proposal = offer === undefined ? undefined : drawnFrom(random, offer);
  return proposal ?? [randomBytes(random, skeleton)];
};

/** The mildest stand first and the extremes last; both pay more than what lies between. */
const drawnFrom = (random: Random, { proposals, part }: Offer): readonly Edit[] | undefined => {
  const { length } = proposals;
  const turn = random.below(8);
  const first = Math.min(length, 6);
  let place = random.below(turn <= 3 ? first : length);
  if (turn === 4 || turn === 5) place = length - 1 - random.below(first);
  const proposal = proposals[place];
  if (proposal === undefined || !growsMuch(part, proposal) || random.oneIn(8)) return proposal;
  return proposals[random.below(first)];
};

/** Bytes that a mutant may grow by without a thought; copying more of them costs more than they tell. */
const MUCH = 2048;

const growsMuch = ({ length }: Part, [edit]: readonly Edit[]): boolean =>
  (edit?.kind === 'resize' && edit.size - length > MUCH) ||
  (edit?.kind === 'repeat' && edit.times * length > MUCH);

/** Any number, set to anything. */
const randomSet = (random: Random, skeleton: Skeleton): Edit | undefined => {
  const part = random.pick(skeleton.parts);
  if (part === undefined || typeof part.value !== 'bigint') return undefined;
  const bits = part.length * 8;
  const wanted = random.oneIn(2)
    ? part.value ^ (1n << BigInt(random.below(bits)))
    : random.bits64() >> BigInt(random.below(64));
  return { kind: 'set', field: part.path, value: BigInt.asUintN(bits, wanted) };
};

/** A part of another seed, of the same name or shape if there is one, of any kind now and then. */
const randomSplice = (random: Random, library: Library, skeleton: Skeleton): Edit | undefined => {
  const target = random.pick(skeleton.parts);
  const from = random.pick(library.seeds);
  if (target === undefined || from === undefined) return undefined;
  let source: Part | undefined;
  for (let turn = 0; turn < 8 && source === undefined; turn += 1) {
    const drawnPart = random.pick(from.parts);
    const fits =
      drawnPart !== undefined &&
      (drawnPart.name === target.name || drawnPart.element === target.element);
    if (fits) source = drawnPart;
  }
  source ??= from.byPath.get(target.path);
  if (source === undefined || source.length > 1 << 16) return undefined;
  if (source === target && from === skeleton) return undefined;
  const place = target.element && random.oneIn(2) ? 'before' : 'instead';
  return { kind: 'splice', field: target.path, place, from: from.digest, part: source.path };
};

/** Bytes without regard to fields, as any other fuzzer changes them. */
const randomBytes = (random: Random, { bytes }: Skeleton): Edit => {
  const at = random.below(bytes.length + 1);
  const size = 1 + random.below(random.oneIn(4) ? 32 : 4);
  const turn = random.below(4);
  if (turn === 0 || bytes.length === 0)
    return { kind: 'raw', at, drop: 0, put: random.bytes(size) };
  if (turn === 1) return { kind: 'raw', at, drop: size, put: new Uint8Array(0) };
  if (turn === 2) {
    const put = Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.below(8)));
    return { kind: 'raw', at, drop: 1, put };
  }
  return { kind: 'raw', at, drop: size, put: random.bytes(size) };
};

const all: Repair = { kind: 'all' };
const none: Repair = { kind: 'none' };

const derivedNumbers = new WeakMap<Skeleton, readonly Part[]>();

/** Mostly right, so that what is wrong is what the edits say. */
const randomRepair = (random: Random, skeleton: Skeleton): Repair => {
  const turn = random.below(16);
  if (turn <= 11) return all;
  if (turn <= 13) return none;
  let derived = derivedNumbers.get(skeleton);
  if (derived === undefined) {
    const sums = new Set(skeleton.sums.map(({ field }) => field));
    derived = skeleton.parts.filter((part) => part.measures.length > 0 || sums.has(part));
    derivedNumbers.set(skeleton, derived);
  }
  const field = random.pick(derived);
  return field === undefined ? all : { kind: 'all-but', field: field.path };
};
