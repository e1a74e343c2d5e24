import type { Layout } from './types.ts';

const known = new WeakMap<Layout, number>();

/** The fewest bytes that a layout takes; what a count is checked against before anything is read. */
export const leastSize = (layout: Layout): number => {
  const before = known.get(layout);
  if (before !== undefined) return before;
  known.set(layout, 0); // A layout that contains itself adds nothing on its second visit.
  const size = measure(layout);
  known.set(layout, size);
  return size;
};

const measure = (layout: Layout): number => {
  switch (layout.kind) {
    case 'uint':
      return layout.bits / 8;
    case 'text':
      return layout.size;
    case 'bytes':
      return typeof layout.size === 'number' ? layout.size : 0;
    case 'struct':
      return Object.values(layout.fields).reduce((sum, field) => sum + leastSize(field), 0);
    case 'array':
      return typeof layout.count === 'number' ? layout.count * leastSize(layout.element) : 0;
    case 'framed':
      return typeof layout.size === 'number' ? layout.size : 0;
    case 'choice':
      return Math.min(
        leastSize(layout.otherwise),
        ...Object.values(layout.cases).map((shape) => leastSize(shape)),
      );
    case 'lazy':
      return leastSize(layout.get());
    case 'repeat':
    case 'when':
      return 0;
    default:
      return unreachable(layout);
  }
};

/** Closes a switch over a union: the compiler complains when a case is missing. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
