import type { Layout } from '../layout/types.ts';
import type { Names, Variables } from './cel.ts';

/** What formulas over the states of a layout may name: its fields, and values that mean one number. */
export const namesIn = (
  layout: Layout,
): { readonly names: Names; readonly constants: Variables } => {
  const fields = new Set<string>();
  const values = new Map<string, bigint | undefined>();
  const seen = new Set<Layout>();
  const visit = (part: Layout): void => {
    if (seen.has(part)) return;
    seen.add(part);
    switch (part.kind) {
      case 'uint':
        for (const [name, value] of Object.entries(part.names ?? {})) {
          const clash = values.has(name) && values.get(name) !== value;
          values.set(name, clash ? undefined : value);
        }
        return;
      case 'struct':
        for (const [name, inner] of Object.entries(part.fields)) {
          fields.add(name);
          visit(inner);
        }
        return;
      case 'array':
      case 'repeat':
        visit(part.element);
        return;
      case 'framed':
      case 'when':
        visit(part.inner);
        return;
      case 'choice':
        for (const inner of [...Object.values(part.cases), part.otherwise]) visit(inner);
        return;
      case 'lazy':
        visit(part.get());
        return;
      case 'text':
      case 'bytes':
    }
  };
  visit(layout);
  const constants = Object.assign(
    Object.create(null) as object,
    Object.fromEntries([...values].filter(([, value]) => value !== undefined)),
  );
  const variables = new Set([...fields, ...Object.keys(constants), 'self', 'root']);
  return { names: { variables, fields }, constants };
};
