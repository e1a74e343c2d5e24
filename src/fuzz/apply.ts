import type { Abilities, Execution } from '../targets/target.ts';
import { changesOf } from './changes.ts';
import type { Plan } from './plan.ts';
import type { Library } from './skeleton.ts';
import { stepsOf } from './steps.ts';
import { splicesOf } from './splices.ts';

type SessionAbilities = Pick<Abilities, 'session' | 'save' | 'run' | 'reset'>;

const everything: SessionAbilities = { session: true, save: true, run: true, reset: true };

/**
 * What a plan does to a target: a pure function of the plan and its seed. Steps that the target is
 * not able to do are left out. Undefined where the plan does not fit: its seed is not in the
 * library, a field is not in the seed, or what would be written is larger than any state.
 */
export const applyPlan = (
  library: Library,
  plan: Plan,
  abilities: SessionAbilities = everything,
): Execution | undefined => {
  const skeleton = library.get(plan.seed);
  const { good: other } = plan.session;
  const good = other === undefined ? skeleton : library.get(other);
  if (skeleton === undefined || good === undefined) return undefined;
  const changes = changesOf(library, skeleton, plan.edits, plan.repair);
  if (changes === undefined) return undefined;
  const splices = splicesOf(skeleton, changes);
  if (splices === undefined) return undefined;
  const mutant = splices.length === 0 ? skeleton.seed : { base: skeleton.bytes, splices };
  return stepsOf(skeleton, mutant, good.seed, plan.session, abilities);
};
