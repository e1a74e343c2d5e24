import { leastSize, unreachable } from '../layout/measure.ts';
import type { Layout } from '../layout/types.ts';
import { Mistake } from './error.ts';

/**
 * Refuses layouts whose decoding would not end by itself: a type that contains itself whatever the
 * bytes are, or again without a byte in between. Throws `Mistake`.
 */
export const refuseEndless = (root: Layout): void => {
  const targets = lazyTargets(root);
  refuseUnconditional(targets);
  refuseStill(targets);
};

/** Every layout that a lazy one leads to. */
const lazyTargets = (root: Layout): ReadonlySet<Layout> => {
  const targets = new Set<Layout>();
  const seen = new Set<Layout>();
  const visit = (layout: Layout): void => {
    if (seen.has(layout)) return;
    seen.add(layout);
    if (layout.kind === 'lazy') targets.add(layout.get());
    for (const part of partsOf(layout)) visit(part);
  };
  visit(root);
  return targets;
};

/** Parts in their order; those of a choice stand for each other. */
const partsOf = (layout: Layout): readonly Layout[] => {
  switch (layout.kind) {
    case 'uint':
    case 'text':
    case 'bytes':
      return [];
    case 'struct':
      return Object.values(layout.fields);
    case 'array':
    case 'repeat':
      return [layout.element];
    case 'framed':
    case 'when':
      return [layout.inner];
    case 'choice':
      return [...Object.values(layout.cases), layout.otherwise];
    case 'lazy':
      return [layout.get()];
    default:
      return unreachable(layout);
  }
};

/** A fixed point: what can end is found from the leaves upwards, and the rest cannot. */
const refuseUnconditional = (targets: ReadonlySet<Layout>): void => {
  const ending = new Set<Layout>();
  const ends = (layout: Layout): boolean => {
    switch (layout.kind) {
      case 'uint':
      case 'text':
      case 'bytes':
      case 'when':
      case 'repeat':
        return true;
      case 'struct':
        return Object.values(layout.fields).every(ends);
      case 'array':
        return layout.count !== 0 && typeof layout.count === 'number' ? ends(layout.element) : true;
      case 'framed':
        return ends(layout.inner);
      case 'choice':
        return partsOf(layout).some(ends);
      case 'lazy':
        return ending.has(layout.get());
      default:
        return unreachable(layout);
    }
  };
  for (let before = -1; before !== ending.size;) {
    before = ending.size;
    for (const target of targets) if (!ending.has(target) && ends(target)) ending.add(target);
  }
  if (ending.size === targets.size) return;
  throw new Mistake(
    ['types'],
    'a lazy type contains itself without end',
    'put a condition, a choice or a count before it',
  );
};

/** Finds a way from a lazy type to itself on which no field takes a byte. */
const refuseStill = (targets: ReadonlySet<Layout>): void => {
  const near = new Map<Layout, ReadonlySet<Layout>>();
  for (const target of targets) near.set(target, reachedStill(target));
  const done = new Set<Layout>();
  const open = new Set<Layout>();
  const visit = (target: Layout): void => {
    if (open.has(target)) {
      throw new Mistake(
        ['types'],
        'a lazy type contains itself without a byte in between',
        'put a field before it',
      );
    }
    if (done.has(target)) return;
    open.add(target);
    for (const next of near.get(target) ?? []) visit(next);
    open.delete(target);
    done.add(target);
  };
  for (const target of targets) visit(target);
};

/** Lazy layouts that decoding of a target may come to before it took a byte. */
const reachedStill = (target: Layout): ReadonlySet<Layout> => {
  const found = new Set<Layout>();
  const visit = (layout: Layout): void => {
    if (layout.kind === 'lazy') {
      found.add(layout.get());
    } else if (layout.kind === 'struct') {
      for (const field of Object.values(layout.fields)) {
        visit(field);
        if (leastSize(field) > 0) break;
      }
    } else {
      for (const part of partsOf(layout)) visit(part);
    }
  };
  visit(target);
  return found;
};
