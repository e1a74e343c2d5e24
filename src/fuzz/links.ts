import { fieldOf } from '../layout/expression.ts';
import { inScope, type Node } from '../layout/node.ts';
import type { ChecksumName, Expr, Layout } from '../layout/types.ts';
import type { OpenPart, Part } from './skeleton.ts';

/** A number that follows from another part. */
export interface Link {
  readonly kind: 'length' | 'count' | 'offset';
  readonly field: Part;
  readonly target: Part;
  /** What a length counts: the target, and the gap behind it that the same frame holds. */
  readonly extent: readonly Part[];
  /** The number is (what is measured + `add`) / `divide`, rounded down. */
  readonly add: number;
  readonly divide: number;
}

export interface Sum {
  readonly field: Part;
  readonly targets: readonly Part[];
  readonly algorithm: ChecksumName;
}

/** Finds out which numbers follow from which parts: by roles, and by what sizes a shape. */
export const linkParts = (
  parts: readonly OpenPart[],
  byNode: ReadonlyMap<Node, OpenPart>,
): readonly Sum[] => {
  for (const [node, part] of byNode) linkExpressions(node, part, byNode);
  const sums = parts.flatMap((part) => linkRoles(part));
  return sums.sort((one, other) => other.field.depth - one.field.depth);
};

/** Links from the layouts: `framed('size', …)`, `array('count', …)`, `bytes('length')`. */
const linkExpressions = (node: Node, part: OpenPart, byNode: ReadonlyMap<Node, OpenPart>): void => {
  const { layout, declared } = part;
  if (layout === 'gap') return;
  const follow = (kind: 'length' | 'count', expr: Expr): void => {
    const name = fieldOf(expr);
    const owner = name === undefined ? undefined : inScope(node.parent, name);
    const field = owner === undefined ? undefined : byNode.get(owner);
    if (field === undefined || typeof expr === 'number') return;
    const { times = 1, plus = 0 } = typeof expr === 'string' ? {} : expr;
    if (times > 0) link(kind, field, part, -plus, times);
  };
  if (declared !== undefined) for (const size of framesOf(declared, layout)) follow('length', size);
  if (layout.kind === 'array') follow('count', layout.count);
  if (layout.kind === 'bytes' && layout.size !== undefined) follow('length', layout.size);
};

const linkRoles = (field: OpenPart): Sum[] => {
  if (field.layout === 'gap' || field.parent === undefined) return [];
  const struct = field.parent;
  const sibling = (wanted: string): OpenPart | undefined =>
    struct.children.find(({ name }) => name === wanted);
  const sums: Sum[] = [];
  for (const role of field.layout.roles ?? []) {
    if (role.is === 'checksum-of') {
      // In their order in the state, as the decoder feeds them.
      const targets = struct.children.filter(({ name }) => role.of.includes(name));
      sums.push({ field, targets, algorithm: role.algorithm });
      continue;
    }
    if (role.is !== 'length-of' && role.is !== 'count-of' && role.is !== 'offset-of') continue;
    const target = sibling(role.of);
    if (target === undefined) continue;
    const add = role.is === 'length-of' ? (role.plus ?? 0) : 0;
    link(
      role.is === 'length-of' ? 'length' : role.is === 'count-of' ? 'count' : 'offset',
      field,
      target,
      add,
      1,
    );
  }
  return sums;
};

/** A number and a part are linked once: what sizes the part says more than the role does. */
const link = (
  kind: Link['kind'],
  field: OpenPart,
  target: OpenPart,
  add: number,
  divide: number,
): void => {
  const known = field.measures.some(
    (other) =>
      other.target === target && (other.kind === kind || (kind === 'count' && other.divide > 1)),
  );
  if (known) return;
  const siblings = target.parent?.children ?? [];
  const next = siblings[siblings.indexOf(target) + 1];
  const gap = kind === 'length' && next?.layout === 'gap' ? next : undefined;
  const extent = gap === undefined ? [target] : [target, gap];
  const made: Link = { kind, field, target, extent, add, divide };
  field.measures.push(made);
  if (kind === 'offset') target.parent?.offsets.push(made);
  else for (const part of extent) part.measuredBy.push(made);
};

const frames = new WeakMap<Layout, Map<Layout, readonly Expr[]>>();
const DEEPEST = 16;

/** Sizes of the frames between a shape as it is declared and the shape that was decoded. */
const framesOf = (declared: Layout, decoded: Layout): readonly Expr[] => {
  const known = frames.get(declared) ?? new Map<Layout, readonly Expr[]>();
  frames.set(declared, known);
  const before = known.get(decoded);
  if (before !== undefined) return before;
  const found = wayTo(declared, decoded, DEEPEST) ?? [];
  known.set(decoded, found);
  return found;
};

const wayTo = (from: Layout, to: Layout, depth: number): readonly Expr[] | undefined => {
  if (from === to) return [];
  if (depth === 0) return undefined;
  switch (from.kind) {
    case 'framed': {
      const rest = wayTo(from.inner, to, depth - 1);
      return rest === undefined ? undefined : [from.size, ...rest];
    }
    case 'when':
      return wayTo(from.inner, to, depth - 1);
    case 'lazy':
      return wayTo(from.get(), to, depth - 1);
    case 'choice': {
      for (const shape of [...Object.values(from.cases), from.otherwise]) {
        const found = wayTo(shape, to, depth - 1);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    default:
      return undefined;
  }
};
