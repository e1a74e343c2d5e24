import { asSettings } from './as-settings.ts';
import { numberOf } from './mutators/mutator.ts';
import { plainSession, type Edit, type Plan, type SessionPlan } from './plan.ts';
import { simplerEdits } from './simpler-edit.ts';
import type { Library, Part, Skeleton } from './skeleton.ts';

/**
 * What is known while one plan is being made simpler: for each field, how far from its own value it
 * has been without failing. It turns the search for the mildest value into a bisection.
 */
export interface Bounds {
  readonly harmless: ReadonlyMap<string, bigint>;
}

export const noBounds: Bounds = { harmless: new Map() };

export interface Simpler {
  readonly plan: Plan;
  readonly bounds: Bounds;
}

/**
 * Plans that are simpler than a failing one, the simplest first: one edit alone, fewer edits, a plain
 * session, everything repaired; then, edit by edit, milder values. The caller takes the first that still
 * fails and asks again.
 */
export function* simplerPlans(library: Library, plan: Plan, bounds: Bounds): Generator<Simpler> {
  const skeleton = library.get(plan.seed);
  for (const fewer of fewerEdits(plan)) yield { plan: fewer, bounds: noBounds };
  for (const session of simplerSessions(plan.session, skeleton)) {
    yield { plan: { ...plan, session }, bounds };
  }
  if (plan.repair.kind !== 'all') yield { plan: { ...plan, repair: { kind: 'all' } }, bounds };
  if (skeleton === undefined) return;
  if (plan.edits.length <= 2) {
    for (const edit of asSettings(library, skeleton, plan)) {
      yield { plan: { ...plan, edits: [edit] }, bounds: noBounds };
    }
  }
  for (const [place, edit] of plan.edits.entries()) {
    for (const simpler of simplerEdits(skeleton, edit)) {
      yield { plan: withEdit(plan, place, simpler), bounds };
    }
    if (edit.kind === 'set') yield* milderValues(skeleton, plan, place, edit, bounds);
  }
}

const withEdit = (plan: Plan, place: number, edit: Edit): Plan => ({
  ...plan,
  edits: plan.edits.map((each, at) => (at === place ? edit : each)),
});

function* fewerEdits(plan: Plan): Generator<Plan> {
  const { edits } = plan;
  if (edits.length === 0) return;
  if (edits.length > 1) {
    // What fails with one edit in the plainest session is the commonest end, and so is tried first.
    for (const edit of edits) {
      yield { ...plan, edits: [edit], repair: { kind: 'all' }, session: plainSession };
    }
    for (const edit of edits) yield { ...plan, edits: [edit] };
  }
  if (edits.length > 3) {
    const half = edits.length >> 1;
    yield { ...plan, edits: edits.slice(0, half) };
    yield { ...plan, edits: edits.slice(half) };
  }
  if (edits.length === 1 || edits.length > 2) {
    for (const place of edits.keys()) {
      yield { ...plan, edits: edits.filter((_, at) => at !== place) };
    }
  }
}

function* simplerSessions(
  session: SessionPlan,
  skeleton: Skeleton | undefined,
): Generator<SessionPlan> {
  const { cuts, onRefusal, shape } = session;
  if (cuts.kind === 'whole' && onRefusal === 'stop' && shape === 'plain') return;
  yield plainSession;
  if (shape !== 'plain') yield { cuts, onRefusal, shape: 'plain' };
  if (session.good !== undefined) {
    const { good: _, ...own } = session;
    yield own;
  }
  if (cuts.kind !== 'whole') yield { ...session, cuts: { kind: 'whole' } };
  if (onRefusal === 'go-on') yield { ...session, onRefusal: 'stop' };
  if (cuts.kind === 'every' || cuts.kind === 'headers') {
    const end = skeleton?.bytes.length ?? 0;
    const places = (skeleton?.headers ?? []).slice(0, 8);
    for (const offset of [1, ...places, end >> 1, end - 1]) {
      if (offset > 0) yield { ...session, cuts: { kind: 'at', offset } };
    }
  }
  if (cuts.kind === 'headers' && cuts.before !== 0) {
    yield { ...session, cuts: { kind: 'headers', before: 0 } };
  }
}

/** Values nearer to the seed's: next to it, then by bisection between what is harmless and what fails. */
function* milderValues(
  skeleton: Skeleton,
  plan: Plan,
  place: number,
  edit: Extract<Edit, { kind: 'set' }>,
  bounds: Bounds,
): Generator<Simpler> {
  const part = skeleton.byPath.get(edit.field);
  const number = part === undefined ? undefined : numberOf(part);
  if (part === undefined || number === undefined) return;
  const { value } = number;
  const away = edit.value - value;
  const far = away < 0n ? -away : away;
  const at = (distance: bigint): bigint => (away < 0n ? value - distance : value + distance);
  const make = (wanted: bigint, harmless: bigint): Simpler => ({
    plan: withEdit(plan, place, { ...edit, value: wanted }),
    bounds: { harmless: new Map(bounds.harmless).set(edit.field, harmless) },
  });
  const known = bounds.harmless.get(edit.field);
  let low = known ?? 0n;
  if (known === undefined) {
    for (const mild of mildValues(part, value)) {
      const distance = mild < value ? value - mild : mild - value;
      if (distance < far && mild !== value) yield make(mild, 0n);
    }
  }
  while (far - low > 1n) {
    const middle = (low + far) / 2n;
    yield make(at(middle), low);
    low = middle;
  }
}

/** One more, one less, nothing, and the first value that the roles of a number forbid. */
const mildValues = ({ layout, length }: Part, value: bigint): readonly bigint[] => {
  const limit = 1n << BigInt(8 * length);
  const edges =
    layout === 'gap'
      ? []
      : (layout.roles ?? []).flatMap((role) => {
          if (role.is === 'index-into') return [BigInt(role.size)];
          return role.is === 'within' ? [role.max + 1n, role.min - 1n] : [];
        });
  return [value + 1n, value - 1n, ...edges, 0n, 1n].filter((each) => each >= 0n && each < limit);
};
