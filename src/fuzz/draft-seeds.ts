import type { Format } from '../formats/format.ts';
import { build, DraftError } from '../layout/build.ts';
import { decode } from '../layout/decode.ts';
import type { Draft } from '../layout/draft.ts';
import { walk, type FaultCodeOf } from '../layout/node.ts';
import type { Layout } from '../layout/types.ts';
import { variationsOf } from './drafts.ts';
import { skeletonOf, type Skeleton } from './skeleton.ts';

/** Seeds of one format; more of them hold little that the first do not. */
const MOST_SEEDS = 32;
const LARGEST_SEED = 1 << 18;

/**
 * Seeds for a campaign that has none, from the layout alone: the sample, each kind of record by itself
 * and all in a row, each case of a choice, lists with elements and without, what may be absent there
 * and not there. The sample's records, if there are any, stand around each other kind, so that a
 * reader comes as far as them.
 */
export const draftSeeds = (
  format: Pick<Format, 'id' | 'layout' | 'sample'>,
): readonly Skeleton[] => {
  const { layout, sample } = format;
  const seeds = new Map<string, Skeleton>();
  for (const draft of draftsOf(format)) {
    if (seeds.size === MOST_SEEDS) break;
    const bytes = bytesOf(format, draft);
    if (bytes === undefined || bytes.length > LARGEST_SEED || !hangsTogether(layout, bytes))
      continue;
    const seed = skeletonOf({ id: format.id, layout }, bytes);
    if (!seeds.has(seed.digest)) seeds.set(seed.digest, seed);
  }
  if (seeds.size === 0) {
    const seed = skeletonOf({ id: format.id, layout }, build(layout, sample).bytes);
    seeds.set(seed.digest, seed);
  }
  return [...seeds.values()];
};

const bytesOf = ({ layout }: Pick<Format, 'layout'>, draft: Draft): Uint8Array | undefined => {
  try {
    return build(layout, draft).bytes;
  } catch (error) {
    if (error instanceof DraftError) return undefined;
    throw error;
  }
};

/** Whether lengths and counts agree with what is there; an unknown kind is welcome. */
const hangsTogether = (layout: Layout, bytes: Uint8Array): boolean =>
  decode(layout, bytes).every((unit) => {
    for (const { faults } of walk(unit)) {
      if (faults.some(({ code }) => broken.has(code))) return false;
    }
    return true;
  });

const broken: ReadonlySet<FaultCodeOf> = new Set(['truncated', 'overrun', 'trailing', 'budget']);

function* draftsOf({ layout, sample }: Pick<Format, 'layout' | 'sample'>): Generator<Draft> {
  yield sample;
  if (layout.kind !== 'repeat') {
    for (const draft of variationsOf(layout)) {
      yield draft;
      // What the sample says and the variation leaves out.
      if (isFields(draft) && isFields(sample)) yield { ...sample, ...draft };
    }
    return;
  }
  const kinds = variationsOf(layout.element);
  yield [...kinds];
  const records = isList(sample) ? sample : [];
  for (const kind of kinds) {
    yield [kind];
    if (records.length > 0) yield [...records.slice(0, -1), kind, ...records.slice(-1)];
  }
}

const isList = (draft: Draft): draft is readonly Draft[] => Array.isArray(draft);

const isFields = (draft: Draft): draft is Readonly<Record<string, Draft>> =>
  typeof draft === 'object' && !(draft instanceof Uint8Array) && !isList(draft);
