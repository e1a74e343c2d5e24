import type { OpenChecksum } from './checksum.ts';
import { fieldOf } from './expression.ts';
import { nameOf, type LayoutFault, type Node } from './node.ts';
import type { Layout, Role, StructLayout, UintLayout } from './types.ts';

const none: readonly LayoutFault[] = [];

/** What the layout of one number forbids about the value that was read. */
export const judgeUint = (layout: UintLayout, value: bigint): readonly LayoutFault[] => {
  if (layout.roles === undefined && layout.flags === undefined && layout.strict !== true) {
    return none;
  }
  const found: LayoutFault[] = [];
  for (const role of layout.roles ?? []) {
    const fault = judgeRole(layout, role, value);
    if (fault !== undefined) found.push(fault);
  }
  if (layout.flags !== undefined) {
    const bits = value & ~definedBits(layout.flags);
    if (bits !== 0n) found.push({ code: 'undefined-bits', bits });
  }
  if (layout.strict === true && nameOf(layout, value) === undefined) {
    found.push({ code: 'undefined-value', wanted: Object.values(layout.names ?? {}) });
  }
  return found;
};

const masks = new WeakMap<object, bigint>();

/** All bits that have a name. */
const definedBits = (flags: NonNullable<UintLayout['flags']>): bigint => {
  const known = masks.get(flags);
  if (known !== undefined) return known;
  const mask = Object.values(flags).reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);
  masks.set(flags, mask);
  return mask;
};

const judgeRole = (layout: UintLayout, role: Role, value: bigint): LayoutFault | undefined => {
  switch (role.is) {
    case 'magic':
      return role.values.includes(value) ? undefined : { code: 'bad-magic', wanted: role.values };
    case 'version':
      return role.supported.includes(value)
        ? undefined
        : { code: 'unsupported-version', wanted: role.supported };
    case 'tag':
      return nameOf(layout, value) === undefined ? { code: 'unknown-tag' } : undefined;
    case 'reserved':
    case 'padding':
      return value === 0n ? undefined : { code: 'not-zero', role: role.is };
    case 'within':
      return value >= role.min && value <= role.max
        ? undefined
        : { code: 'out-of-range', min: role.min, max: role.max };
    case 'one-of':
      return role.values.includes(value)
        ? undefined
        : { code: 'undefined-value', wanted: role.values };
    case 'index-into':
      return value < BigInt(role.size)
        ? undefined
        : { code: 'index-out-of-bounds', size: role.size, of: role.of };
    case 'iova':
      return role.align === undefined || value % role.align === 0n
        ? undefined
        : { code: 'misaligned', align: role.align };
    default:
      return undefined;
  }
};

/** What can only be said when all fields of a struct have been read. */
export const judgeStruct = (
  layout: StructLayout,
  node: Node,
  sums: readonly OpenChecksum[],
): void => {
  for (const { field, sum } of sums) {
    const stored = node.children.find(({ name }) => name === field);
    if (typeof stored?.value === 'bigint' && stored.value !== sum.value) {
      stored.faults.push({ code: 'bad-checksum', wanted: sum.value });
    }
  }
  for (const field of node.children) {
    if (field.layout === 'gap' || typeof field.value !== 'bigint') continue;
    for (const role of field.layout.roles ?? []) {
      if (role.is === 'offset-of') {
        const target = node.children.find(({ name }) => name === role.of);
        const wanted = target === undefined ? undefined : BigInt(target.start - node.start);
        if (wanted !== undefined && wanted !== field.value) {
          field.faults.push({ code: 'wrong-offset', wanted });
        }
      } else if (role.is === 'length-of' && !sizedBy(layout.fields[role.of], field.name)) {
        const target = node.children.find(({ name }) => name === role.of);
        const wanted = target === undefined ? undefined : BigInt(target.length + (role.plus ?? 0));
        if (wanted !== undefined && wanted !== field.value) {
          field.faults.push({ code: 'wrong-length', wanted });
        }
      }
    }
  }
};

/** A length that bounds its target cannot disagree with it; a redundant one can. */
const sizedBy = (layout: Layout | undefined, field: string): boolean =>
  layout !== undefined &&
  ((layout.kind === 'framed' && fieldOf(layout.size) === field) ||
    (layout.kind === 'bytes' && layout.size !== undefined && fieldOf(layout.size) === field) ||
    (layout.kind === 'when' && sizedBy(layout.inner, field)));
