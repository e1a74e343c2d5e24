import { checksum } from '../layout/checksum.ts';
import { unreachable } from '../layout/measure.ts';
import { nameOf } from '../layout/node.ts';
import { roleOf, type Condition, type Layout, type StructLayout } from '../layout/types.ts';
import {
  DocumentError,
  numberTypes,
  type DeviceDocument,
  type FieldDocument,
  type NumberDocument,
} from './document.ts';
import { encodeDevice, type PayloadFiles } from './encode.ts';
import { bigintOf } from './read.ts';

/** Numbers and texts read so far, by field name; an inner struct sees its outer one's. */
interface Scope {
  readonly values: Map<string, { readonly key: string; readonly number?: bigint }>;
  readonly outer: Scope | undefined;
}

/**
 * The fields of a device with every length, count, offset and checksum put right that the format
 * derives from other fields. What the format does not derive stays as it is written.
 */
export const derived = (
  device: DeviceDocument,
  layout: Layout,
  files?: PayloadFiles,
): DeviceDocument => {
  const work = new Derivation(device, files);
  const { fields } = device;
  const top: Scope = { values: new Map(), outer: undefined };
  if (layout.kind === 'repeat') {
    return { ...device, fields: fields.map((one) => work.field(one, layout.element, top)) };
  }
  const shape = resolve(layout, top);
  return shape?.kind === 'struct' ? { ...device, fields: work.struct(fields, shape, top) } : device;
};

class Derivation {
  readonly #device: DeviceDocument;
  readonly #files: PayloadFiles | undefined;

  constructor(device: DeviceDocument, files: PayloadFiles | undefined) {
    this.#device = device;
    this.#files = files;
  }

  field(field: FieldDocument, layout: Layout, scope: Scope): FieldDocument {
    if (!('fields' in field)) return field;
    const shape = resolve(layout, scope);
    switch (shape?.kind) {
      case 'struct':
        return { ...field, fields: this.struct(field.fields, shape, scope) };
      case 'array':
      case 'repeat':
        return {
          ...field,
          fields: field.fields.map((one) => this.field(one, shape.element, scope)),
        };
      default:
        return field;
    }
  }

  struct(
    fields: readonly FieldDocument[],
    layout: StructLayout,
    outer: Scope | undefined,
  ): readonly FieldDocument[] {
    const scope: Scope = { values: new Map(), outer };
    const out = fields.map((field) => {
      const shape = shapeOf(layout, field.name);
      if (shape === undefined) return field;
      remember(scope, field, shape);
      return this.field(field, shape, scope);
    });
    out.forEach((field, index) => {
      const value = this.#follows(out, field, layout, scope);
      if (value !== undefined && 'value' in field) out[index] = put(field, value);
    });
    // Checksums last: they may cover what was just put right.
    out.forEach((field, index) => {
      const role = checksumOf(layout, field);
      if (role === undefined || !('value' in field)) return;
      const sum = checksum(role.algorithm);
      for (const one of out.filter(({ name }) => role.of.includes(name))) {
        for (const block of this.#rope([one]).blocks()) sum.add(block);
      }
      out[index] = put(field, sum.value);
    });
    return out;
  }

  /** The length, count or offset that a field must have. */
  #follows(
    fields: readonly FieldDocument[],
    field: FieldDocument,
    layout: StructLayout,
    scope: Scope,
  ): bigint | undefined {
    const shape = shapeOf(layout, field.name);
    if (shape === undefined) return undefined;
    const length = roleOf(shape, 'length-of');
    const count = roleOf(shape, 'count-of');
    const offset = roleOf(shape, 'offset-of');
    const of = length?.of ?? count?.of ?? offset?.of;
    const at = fields.findIndex(({ name }) => name === of);
    const target = fields[at];
    const targetShape = of === undefined ? undefined : shapeOf(layout, of);
    if (target === undefined || targetShape === undefined) return undefined;
    if (offset !== undefined) return BigInt(this.#rope(fields.slice(0, at)).length);
    if (length !== undefined) {
      // What the shape inside a frame does not explain stands behind it, and is in the frame.
      const next = fields[at + 1];
      const rest = isFramed(targetShape) && next?.gap === true ? [next] : [];
      return BigInt(this.#rope([target, ...rest]).length + (length.plus ?? 0));
    }
    const list = resolve(targetShape, scope)?.kind;
    if ((list !== 'array' && list !== 'repeat') || !('fields' in target)) return undefined;
    return BigInt(target.fields.filter(({ gap }) => gap !== true).length);
  }

  #rope(fields: readonly FieldDocument[]): ReturnType<typeof encodeDevice> {
    return encodeDevice({ ...this.#device, fields }, this.#files);
  }
}

const shapeOf = (layout: StructLayout, name: string): Layout | undefined =>
  Object.hasOwn(layout.fields, name) ? layout.fields[name] : undefined;

const checksumOf = (layout: StructLayout, field: FieldDocument) => {
  const shape = shapeOf(layout, field.name);
  return shape === undefined ? undefined : roleOf(shape, 'checksum-of');
};

const put = (field: NumberDocument, value: bigint): NumberDocument => {
  const { size } = numberTypes[field.type] ?? { size: 1 };
  if (value >> BigInt(size * 8) !== 0n) {
    throw new DocumentError(
      `${field.name} would be ${value}, which does not fit into ${field.type}`,
    );
  }
  if (bigintOf(field.value) === value) return field;
  const { name, type } = field;
  return {
    name,
    type,
    value: value > BigInt(Number.MAX_SAFE_INTEGER) ? `${value}` : Number(value),
  };
};

const remember = (scope: Scope, field: FieldDocument, shape: Layout): void => {
  if ('text' in field) scope.values.set(field.name, { key: field.text });
  const number = 'value' in field ? bigintOf(field.value) : undefined;
  if (number === undefined) return;
  scope.values.set(field.name, { number, key: nameOf(shape, number) ?? number.toString() });
};

const lookUp = (scope: Scope, name: string): { key: string; number?: bigint } | undefined => {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.values.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
};

const isFramed = (layout: Layout): boolean =>
  layout.kind === 'framed' || (layout.kind === 'when' && isFramed(layout.inner));

/** The shape that stands at a place, behind frames, conditions and choices. */
const resolve = (layout: Layout, scope: Scope): Layout | undefined => {
  switch (layout.kind) {
    case 'framed':
      return resolve(layout.inner, scope);
    case 'when':
      return holds(layout.condition, scope) ? resolve(layout.inner, scope) : undefined;
    case 'lazy':
      return resolve(layout.get(), scope);
    case 'choice': {
      const key = lookUp(scope, layout.by)?.key;
      const named = key !== undefined && Object.hasOwn(layout.cases, key);
      return resolve((named ? layout.cases[key] : undefined) ?? layout.otherwise, scope);
    }
    case 'uint':
    case 'text':
    case 'bytes':
    case 'struct':
    case 'array':
    case 'repeat':
      return layout;
    default:
      return unreachable(layout);
  }
};

const holds = (condition: Condition, scope: Scope): boolean => {
  // The field is in the document, so the bytes were there.
  if ('remaining' in condition) return true;
  const found = lookUp(scope, condition.field);
  const number = found?.number;
  if (found === undefined || number === undefined) return false;
  if ('is' in condition) return condition.is.some((one) => one === number || one === found.key);
  if ('atLeast' in condition) return number >= condition.atLeast;
  return ((number >> BigInt(condition.bit)) & 1n) === 1n;
};
