import { variationsOf } from '../drafts.ts';
import type { Mutator } from './mutator.ts';

/** Records that the seed does not have: of each known kind, empty ones, and kinds of no reader. */
export const newRecord: Mutator = {
  id: 'new-record',
  propose: ({ element, declared, path }) => {
    if (!element || declared === undefined || declared.kind === 'uint') return [];
    const drafts = variationsOf(declared);
    return [
      ...drafts.map((draft) => [
        { kind: 'build' as const, field: path, place: 'before' as const, draft },
      ]),
      ...drafts.map((draft) => [
        { kind: 'build' as const, field: path, place: 'instead' as const, draft },
      ]),
    ];
  },
};
