import { casesOf } from '../build.ts';
import { variationsOf } from '../drafts.ts';
import type { Mutator, Proposal } from './mutator.ts';

/** A value becomes a list, a list a value: what follows is of another shape than its header says. */
export const leafToChildren: Mutator = {
  id: 'leaf-to-children',
  propose: ({ declared, layout, path }) => {
    if (declared === undefined || layout === 'gap') return [];
    const shapes = casesOf(declared);
    if (shapes.length < 2) return [];
    const others = shapes.filter((shape) => shape !== layout && shape.kind !== 'uint');
    return others.flatMap((shape) =>
      variationsOf(shape).map((draft): Proposal => [
        { kind: 'build', field: path, place: 'instead', draft },
      ]),
    );
  },
};
