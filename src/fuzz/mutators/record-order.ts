import type { Edit } from '../plan.ts';
import type { Part } from '../skeleton.ts';
import type { Mutator, Proposal } from './mutator.ts';

/** How often a part may stand before tables, bitmaps and counters run over. */
const TIMES = [1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1000];
/** Longer runs of copies cost a target more than they tell. */
const MOST_BYTES = 1 << 16;

/** Records, elements and sections: left out, twice, many times, in another order. */
export const recordOrder: Mutator = {
  id: 'record-order',
  propose: (part, skeleton) => {
    const { path, length, parent } = part;
    const branch = part.children.length > 0;
    if (length === 0 || (!part.element && !branch)) return [];
    const beside = (parent?.children ?? []).filter(
      (other) => other !== part && other.length > 0 && other.element === part.element,
    );
    const edits: Edit[] = [{ kind: 'drop', field: path }];
    const copies = TIMES.filter((times) => times * length <= MOST_BYTES);
    edits.push(...copies.slice(0, 2).map((times) => repeated(path, times)));
    if (part.element || branch) {
      for (const other of nearest(part, beside)) {
        if (other.children.length === 0 && branch) continue;
        edits.push({ kind: 'swap', field: path, with: other.path });
        edits.push(spliced(path, 'before', skeleton.digest, other.path));
        edits.push(spliced(path, 'instead', skeleton.digest, other.path));
      }
    }
    edits.push(spliced(path, 'before', skeleton.digest, path));
    edits.push(...copies.slice(2).map((times) => repeated(path, times)));
    return edits.map((edit): Proposal => [edit]);
  },
};

const repeated = (field: string, times: number): Edit => ({ kind: 'repeat', field, times });

const spliced = (field: string, place: 'before' | 'instead', from: string, part: string): Edit => ({
  kind: 'splice',
  field,
  place,
  from,
  part,
});

/** The next, the one before, the first and the last. */
const nearest = (part: Part, beside: readonly Part[]): ReadonlySet<Part> => {
  const next = beside.find(({ index }) => index > part.index);
  const before = beside.findLast(({ index }) => index < part.index);
  const found = [next, before, beside[0], beside.at(-1)];
  return new Set(found.filter((other) => other !== undefined));
};
