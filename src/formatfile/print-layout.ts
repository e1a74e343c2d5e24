import { unreachable } from '../layout/measure.ts';
import type { Annotation, Condition, Expr, Layout, Role } from '../layout/types.ts';

type Data = Record<string, unknown>;

/** A layout as the data of a format file, with the types that it refers to by name. */
export const layoutData = (root: Layout): { readonly layout: unknown; readonly types: Data } => {
  const printer = new LayoutPrinter(root);
  const layout = printer.data(root);
  return { layout, types: printer.types };
};

class LayoutPrinter {
  readonly types: Data = {};
  /** Names of layouts that stand in several places, or that contain themselves. */
  readonly #names = new Map<Layout, string>();

  constructor(root: Layout) {
    const seen = new Map<Layout, string>();
    this.#find(root, 'state', seen);
  }

  data(layout: Layout): unknown {
    const name = this.#names.get(layout);
    if (name === undefined) return this.#shape(layout);
    if (!Object.hasOwn(this.types, name)) {
      this.types[name] = undefined; // Its place among the types, before those that it names.
      this.types[name] = this.#shape(layout);
    }
    return name;
  }

  #shape(layout: Layout): unknown {
    const data = this.#kind(layout);
    const [only, ...more] = Object.keys(data);
    return only === 'type' && more.length === 0 ? data.type : data;
  }

  #kind(layout: Layout): Data {
    const notes = notesData(layout);
    switch (layout.kind) {
      case 'uint': {
        const { bits, little, names, strict, flags, default: start, hex } = layout;
        return {
          type: bits === 8 ? 'u8' : `${little ? 'le' : 'be'}${bits}`,
          ...rolesData(layout),
          ...given({ names, strict, flags: flags && whole(flags), default: start, hex }),
          ...notes,
        };
      }
      case 'text':
        return {
          text: BigInt(layout.size),
          ...rolesData(layout),
          ...given({ default: layout.default }),
          ...notes,
        };
      case 'bytes':
        return {
          ...(layout.size === undefined ? { type: 'rest' } : { bytes: exprData(layout.size) }),
          ...rolesData(layout),
          ...given({ zero: layout.zero }),
          ...notes,
        };
      case 'struct':
        return {
          ...rolesData(layout),
          ...notes,
          fields: Object.fromEntries(
            Object.entries(layout.fields).map(([name, field]) => [name, this.data(field)]),
          ),
        };
      case 'array':
        return {
          array: exprData(layout.count),
          ...rolesData(layout),
          ...notes,
          of: this.data(layout.element),
        };
      case 'repeat':
        return {
          ...(layout.each === 'record' ? {} : { each: layout.each }),
          ...rolesData(layout),
          ...notes,
          repeat: this.data(layout.element),
        };
      case 'framed':
        return {
          frame: exprData(layout.size),
          ...rolesData(layout),
          ...notes,
          of: this.data(layout.inner),
        };
      case 'choice':
        return {
          choice: layout.by,
          ...rolesData(layout),
          ...notes,
          cases: Object.fromEntries(
            Object.entries(layout.cases).map(([key, shape]) => [key, this.data(shape)]),
          ),
          otherwise: this.data(layout.otherwise),
        };
      case 'when':
        return {
          when: conditionData(layout.condition),
          ...rolesData(layout),
          ...notes,
          then: this.data(layout.inner),
        };
      case 'lazy':
        return { lazy: this.data(layout.get()), ...rolesData(layout), ...notes };
      default:
        return unreachable(layout);
    }
  }

  #find(layout: Layout, path: string, seen: Map<Layout, string>, lazily = false): void {
    const before = seen.get(layout);
    const branch = layout.kind === 'struct' || layout.kind === 'choice' || layout.kind === 'array';
    if ((before !== undefined && branch) || lazily) this.#name(layout, before ?? path);
    if (before !== undefined) return;
    seen.set(layout, path);
    switch (layout.kind) {
      case 'uint':
      case 'text':
      case 'bytes':
        return;
      case 'struct':
        for (const [name, field] of Object.entries(layout.fields)) this.#find(field, name, seen);
        return;
      case 'array':
      case 'repeat':
        this.#find(layout.element, path, seen);
        return;
      case 'framed':
      case 'when':
        this.#find(layout.inner, path, seen);
        return;
      case 'choice':
        for (const [key, shape] of Object.entries(layout.cases)) {
          this.#find(shape, /^[A-Za-z]\w*$/u.test(key) ? key : path, seen);
        }
        this.#find(layout.otherwise, path, seen);
        return;
      case 'lazy':
        this.#find(layout.get(), path, seen, true);
        return;
      default:
        unreachable(layout);
    }
  }

  #name(layout: Layout, path: string): void {
    if (this.#names.has(layout)) return;
    const taken = new Set(this.#names.values());
    const base = `${path.toLowerCase()}_type`;
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base}_${number}`;
    this.#names.set(layout, name);
  }
}

/** The keys that have a value. */
const given = (keys: Data): Data =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

const whole = (numbers: Readonly<Record<string, number>>): Data =>
  Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, BigInt(number)]));

const notesData = ({ control, doc, driver }: Annotation): Data => given({ control, doc, driver });

const exprData = (expr: Expr): bigint | string => {
  if (typeof expr === 'number') return BigInt(expr);
  if (typeof expr === 'string') return expr;
  const { field, times = 1, plus = 0 } = expr;
  const product = times === 1 ? field : `${field} * ${times}`;
  return plus === 0 ? product : `${product} ${plus < 0 ? '-' : '+'} ${Math.abs(plus)}`;
};

const conditionData = (condition: Condition): Data => {
  if ('remaining' in condition) return { remaining: BigInt(condition.remaining) };
  if ('is' in condition) return { field: condition.field, is: single(condition.is) };
  if ('atLeast' in condition) return { field: condition.field, 'at-least': condition.atLeast };
  return { field: condition.field, bit: BigInt(condition.bit) };
};

const single = <T>(values: readonly T[]): T | readonly T[] => {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : values;
};

const rolesData = ({ roles }: Annotation): Data => {
  const data: Data = {};
  for (const role of roles ?? []) {
    if (Object.hasOwn(data, role.is)) throw new Error(`the role ${role.is} stands twice`);
    data[role.is] = roleData(role);
  }
  return data;
};

const roleData = (role: Role): unknown => {
  switch (role.is) {
    case 'magic':
    case 'one-of':
      return single(role.values);
    case 'version':
      return single(role.supported);
    case 'length-of':
      return (role.plus ?? 0) === 0 ? role.of : { of: role.of, plus: BigInt(role.plus ?? 0) };
    case 'count-of':
    case 'offset-of':
      return role.of;
    case 'checksum-of':
      return { algorithm: role.algorithm, of: single(role.of) };
    case 'index-into':
      return { of: role.of, size: BigInt(role.size) };
    case 'within':
      return [role.min, role.max];
    case 'compatibility':
      return role.relation;
    case 'iova':
      return role.align === undefined ? true : { align: role.align };
    case 'tag':
    case 'reserved':
    case 'padding':
    case 'identity':
    case 'host-only':
      return true;
    default:
      return unreachable(role);
  }
};
