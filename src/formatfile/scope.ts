import type { Node } from '../layout/node.ts';
import type { Allowance, Variables } from './cel.ts';

/**
 * Decoded fields as the values of formulas: numbers, text, bytes, mappings and lists. A field that
 * is cut, was not kept or cannot be read is not there. Branches become values when they are read.
 */
export class Scope {
  readonly #values = new Map<Node, unknown>();
  readonly #variables = new Map<Node, { readonly more: Variables; readonly found: Variables }>();

  /** What a formula sees at a node: the node's fields by name, the node, and the unit around it. */
  variables(node: Node, root: Node, more: Variables): Variables {
    const known = this.#variables.get(node);
    if (known?.more === more) return known.found;
    const found = this.#fields(node);
    for (const [name, value] of Object.entries({ self: node, root })) {
      if (!(name in found)) this.#lazily(found, name, value);
    }
    for (const [name, value] of Object.entries(more)) if (!(name in found)) found[name] = value;
    this.#variables.set(node, { more, found });
    return found;
  }

  #valueOf(node: Node): unknown {
    if (this.#values.has(node)) return this.#values.get(node);
    const value = this.#make(node);
    this.#values.set(node, value);
    return value;
  }

  #make({ layout, value, children, ...rest }: Node): unknown {
    if (layout === 'gap') return undefined;
    switch (layout.kind) {
      case 'uint':
        return typeof value === 'bigint' ? value : undefined;
      case 'text':
        return typeof value === 'string' ? value : undefined;
      case 'array':
      case 'repeat':
        return children
          .map((child) => this.#valueOf(child))
          .filter((element) => element !== undefined);
      case 'struct':
        return this.#fields({ layout, value, children, ...rest });
      default:
        return value instanceof Uint8Array ? new Uint8Array(value) : value;
    }
  }

  #fields({ children }: Node): Record<string, unknown> {
    const fields = Object.create(null) as Record<string, unknown>;
    for (const child of children) {
      const { layout, name, value } = child;
      if (layout === 'gap') continue;
      // Most fields are numbers, and a number costs less than what would make it when it is read.
      if (layout.kind === 'uint') fields[name] = typeof value === 'bigint' ? value : undefined;
      else this.#lazily(fields, name, child);
    }
    return fields;
  }

  #lazily(fields: Record<string, unknown>, name: string, node: Node): void {
    Object.defineProperty(fields, name, {
      enumerable: true,
      configurable: true,
      get: () => this.#valueOf(node),
    });
  }
}

/** Nodes below a unit at a pattern such as `port[]` or `**.entries[]`; a node passed is a step spent. */
export function* selected(root: Node, pattern: string, spent: Allowance): Generator<Node> {
  const deep = pattern.startsWith('**.');
  const steps = (deep ? pattern.slice(3) : pattern).split(/\.|(?=\[)/u);
  if (!deep) yield* below(root, steps, 0, spent);
  else for (const node of everyBranch(root)) yield* below(node, steps, 0, spent);
}

function* below(
  node: Node,
  steps: readonly string[],
  at: number,
  spent: Allowance,
): Generator<Node> {
  const step = steps[at];
  if (step === undefined) {
    if (node.layout !== 'gap') yield node;
    return;
  }
  for (const child of node.children) {
    spent.left -= 1;
    if (spent.left <= 0) return;
    const fits = step === '[]' ? child.name.startsWith('[') : child.name === step;
    if (fits) yield* below(child, steps, at + 1, spent);
  }
}

function* everyBranch(node: Node): Generator<Node> {
  if (node.children.length === 0) return;
  yield node;
  for (const child of node.children) yield* everyBranch(child);
}
