import { checksum } from './checksum.ts';
import type { Draft } from './draft.ts';
import { writeUint } from './encode.ts';
import { unreachable } from './measure.ts';
import { nameOf } from './node.ts';
import { roleOf, type Expr, type Layout, type StructLayout, type UintLayout } from './types.ts';

/** Where a field of a built state lies: what an edit of that field would overwrite. */
export interface Slot {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly layout: Layout;
}

export interface Built {
  readonly bytes: Uint8Array;
  /** One slot for each field, branches before their parts, in byte order. */
  readonly slots: readonly Slot[];
}

/** A draft that cannot be written: an unknown field or name, or text where a number stands. */
export class DraftError extends Error {}

/**
 * Writes a draft. What it leaves out is derived (magic, version, length, count, checksum, zeros);
 * what it states is written as stated, right or wrong. Throws `DraftError` on a draft that does not
 * fit the layout: drafts are written by people and programs, never taken from hostile input.
 */
export const build = (layout: Layout, draft: Draft): Built => {
  const writer = new Writer();
  if (layout.kind === 'repeat') {
    if (!Array.isArray(draft)) throw new DraftError('a list of records is needed');
    draft.forEach((element: Draft, index) =>
      writer.part(layout.element, element, `${layout.each}[${index}]`, undefined),
    );
  } else {
    writer.part(layout, draft, '', undefined);
  }
  return writer.built();
};

/** Numbers written so far, by field name; an inner struct sees its outer one's. */
interface Scope {
  readonly values: Map<string, bigint | string>;
  readonly names: Map<string, string>;
  readonly outer: Scope | undefined;
}

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;
  readonly #slots: Slot[] = [];

  built(): Built {
    return { bytes: this.#bytes.slice(0, this.#length), slots: this.#slots };
  }

  part(layout: Layout, draft: Draft | undefined, path: string, scope: Scope | undefined): void {
    if (draft instanceof Uint8Array) {
      this.#slot(layout, path, () => {
        this.#append(draft);
      });
      return;
    }
    switch (layout.kind) {
      case 'uint': {
        const value = uintOf(layout, draft, path) ?? defaultOf(layout);
        this.#slot(layout, path, () => {
          this.#number(layout, value);
        });
        return;
      }
      case 'text': {
        const value = draft ?? layout.default ?? '';
        if (typeof value !== 'string') throw new DraftError(`${path} takes text`);
        const raw = new Uint8Array(layout.size);
        raw.set(new TextEncoder().encode(value).subarray(0, layout.size));
        this.#slot(layout, path, () => {
          this.#append(raw);
        });
        return;
      }
      case 'bytes': {
        if (draft !== undefined) throw new DraftError(`${path} takes bytes`);
        const size = layout.size === undefined ? 0 : sizeOf(layout.size, scope, path);
        this.#slot(layout, path, () => {
          this.#append(new Uint8Array(size));
        });
        return;
      }
      case 'struct':
        this.#slot(layout, path, () => {
          this.#struct(layout, draft, path, scope);
        });
        return;
      case 'array': {
        const elements = listOf(draft, path) ?? [];
        const count = draft === undefined ? sizeOf(layout.count, scope, path) : elements.length;
        this.#slot(layout, path, () => {
          for (let index = 0; index < count; index += 1) {
            this.part(layout.element, elements[index], `${path}[${index}]`, scope);
          }
        });
        return;
      }
      case 'repeat': {
        const elements = listOf(draft, path) ?? [];
        this.#slot(layout, path, () => {
          elements.forEach((element, index) => {
            this.part(layout.element, element, `${path}[${index}]`, scope);
          });
        });
        return;
      }
      case 'framed':
        this.part(layout.inner, draft, path, scope);
        return;
      case 'choice': {
        const key = keyOf(scope, layout.by);
        const shape = Object.hasOwn(layout.cases, key) ? layout.cases[key] : undefined;
        this.part(shape ?? layout.otherwise, draft, path, scope);
        return;
      }
      case 'when': {
        const { condition } = layout;
        const present = 'remaining' in condition ? draft !== undefined : meets(condition, scope);
        if (present || draft !== undefined) this.part(layout.inner, draft, path, scope);
        return;
      }
      case 'lazy':
        this.part(layout.get(), draft, path, scope);
        return;
      default:
        unreachable(layout);
    }
  }

  #struct(
    layout: StructLayout,
    draft: Draft | undefined,
    path: string,
    outer: Scope | undefined,
  ): void {
    const given = recordOf(draft, path);
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(layout.fields, name)) throw new DraftError(`${path} has no field ${name}`);
    }
    const scope: Scope = { values: new Map(), names: new Map(), outer };
    const placed = new Map<string, { readonly offset: number; length: number }>();
    const start = this.#length;
    for (const [name, shape] of Object.entries(layout.fields)) {
      const offset = this.#length;
      const field = given[name] ?? derivedCount(shape, given);
      if (shape.kind === 'uint' && !(field instanceof Uint8Array)) {
        const value = uintOf(shape, field, name) ?? defaultOf(shape);
        scope.values.set(name, value);
        const named = nameOf(shape, value);
        if (named !== undefined) scope.names.set(name, named);
      } else if (shape.kind === 'text' && typeof field === 'string') {
        scope.values.set(name, field);
      }
      this.part(shape, field, path === '' ? name : `${path}.${name}`, scope);
      placed.set(name, { offset, length: this.#length - offset });
    }
    this.#derive(layout, given, placed, start);
  }

  /** Lengths and offsets first, checksums last: they may cover them. */
  #derive(
    layout: StructLayout,
    given: Readonly<Record<string, Draft>>,
    placed: ReadonlyMap<string, { readonly offset: number; readonly length: number }>,
    start: number,
  ): void {
    const put = (name: string, shape: Layout, value: bigint): void => {
      const at = placed.get(name);
      if (at === undefined || shape.kind !== 'uint' || given[name] !== undefined) return;
      writeUint(this.#bytes, at.offset, shape.bits / 8, value, shape.little);
    };
    for (const [name, shape] of Object.entries(layout.fields)) {
      const length = roleOf(shape, 'length-of');
      const offset = roleOf(shape, 'offset-of');
      const target = placed.get(length?.of ?? offset?.of ?? '');
      if (target === undefined) continue;
      if (length !== undefined) put(name, shape, BigInt(target.length + (length.plus ?? 0)));
      else put(name, shape, BigInt(target.offset - start));
    }
    for (const [name, shape] of Object.entries(layout.fields)) {
      const role = roleOf(shape, 'checksum-of');
      if (role === undefined) continue;
      const sum = checksum(role.algorithm);
      for (const field of Object.keys(layout.fields)) {
        const at = placed.get(field);
        if (at === undefined || !role.of.includes(field)) continue;
        sum.add(this.#bytes.subarray(at.offset, at.offset + at.length));
      }
      put(name, shape, sum.value);
    }
  }

  #slot(layout: Layout, path: string, write: () => void): void {
    const offset = this.#length;
    const index = this.#slots.length;
    const slot = { path, offset, length: 0, layout };
    this.#slots.push(slot);
    write();
    this.#slots[index] = { ...slot, length: this.#length - offset };
  }

  #number(layout: UintLayout, value: bigint): void {
    const size = layout.bits / 8;
    const raw = new Uint8Array(size);
    writeUint(raw, 0, size, value, layout.little);
    this.#append(raw);
  }

  #append(raw: Uint8Array): void {
    if (this.#length + raw.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + raw.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(raw, this.#length);
    this.#length += raw.length;
  }
}

/** A count that the draft leaves out is that of the list it counts. */
const derivedCount = (shape: Layout, given: Readonly<Record<string, Draft>>): Draft | undefined => {
  const role = roleOf(shape, 'count-of');
  const target = role === undefined ? undefined : given[role.of];
  return Array.isArray(target) ? BigInt(target.length) : undefined;
};

const uintOf = (layout: UintLayout, draft: Draft | undefined, path: string): bigint | undefined => {
  if (draft === undefined || typeof draft === 'bigint') return draft;
  if (typeof draft === 'number' && Number.isInteger(draft)) return BigInt(draft);
  if (typeof draft === 'string' && layout.names !== undefined) {
    const named = Object.hasOwn(layout.names, draft) ? layout.names[draft] : undefined;
    if (named !== undefined) return named;
  }
  throw new DraftError(`${path} takes a number${layout.names ? ' or a name' : ''}`);
};

const defaultOf = (layout: UintLayout): bigint =>
  layout.default ??
  roleOf(layout, 'magic')?.values[0] ??
  roleOf(layout, 'version')?.supported[0] ??
  roleOf(layout, 'one-of')?.values[0] ??
  roleOf(layout, 'within')?.min ??
  0n;

const sizeOf = (expr: Expr, scope: Scope | undefined, path: string): number => {
  if (typeof expr === 'number') return expr;
  const { field, times = 1, plus = 0 } = typeof expr === 'string' ? { field: expr } : expr;
  const size = Number(lookUp(scope, field) ?? 0n) * times + plus;
  if (size > 1 << 24) throw new DraftError(`${path} would take ${size} bytes or elements`);
  return Math.max(size, 0);
};

const lookUp = (scope: Scope | undefined, name: string): bigint | string | undefined => {
  for (let at = scope; at !== undefined; at = at.outer) {
    const value = at.values.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
};

const keyOf = (scope: Scope | undefined, name: string): string => {
  for (let at = scope; at !== undefined; at = at.outer) {
    const value = at.names.get(name) ?? at.values.get(name)?.toString();
    if (value !== undefined) return value;
  }
  return '';
};

const meets = (
  condition: Exclude<Extract<Layout, { kind: 'when' }>['condition'], { remaining: number }>,
  scope: Scope | undefined,
): boolean => {
  const value = lookUp(scope, condition.field);
  if (typeof value !== 'bigint') return false;
  if ('is' in condition) {
    const name = keyOf(scope, condition.field);
    return condition.is.some((wanted) => wanted === value || wanted === name);
  }
  if ('atLeast' in condition) return value >= condition.atLeast;
  return ((value >> BigInt(condition.bit)) & 1n) === 1n;
};

const listOf = (draft: Draft | undefined, path: string): readonly Draft[] | undefined => {
  if (draft === undefined) return undefined;
  if (isList(draft)) return draft;
  throw new DraftError(`${path} takes a list`);
};

const isList = (draft: Draft): draft is readonly Draft[] => Array.isArray(draft);

const recordOf = (draft: Draft | undefined, path: string): Readonly<Record<string, Draft>> => {
  if (draft === undefined) return {};
  if (typeof draft === 'object' && !(draft instanceof Uint8Array) && !isList(draft)) return draft;
  throw new DraftError(`${path === '' ? 'the state' : path} takes fields by name`);
};
